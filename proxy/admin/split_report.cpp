#include "admin/split_report.hpp"

#include <algorithm>
#include <boost/json.hpp>
#include <cmath>

#include "admin/json_objects.hpp"

namespace weir::control {

namespace json = boost::json;

json::object to_object(const SplitReport& report, SystemTime now) {
  json::array targets;
  std::uint64_t total = 0;
  for (const SplitTargetReport& target : report.targets) total += target.effective;
  for (const SplitTargetReport& target : report.targets) {
    const double share = total == 0 ? 0 : static_cast<double>(target.effective) / static_cast<double>(total);
    targets.push_back({{"upstream", target.upstream},
                       {"configured", target.configured},
                       {"runtime", report.runtime ? json::value(target.effective) : json::value(nullptr)},
                       {"effective", target.effective},
                       {"share", std::round(share * 1e6) / 1e6},
                       {"endpoints", {{"healthy", target.healthy}, {"total", target.total}}}});
  }
  json::object object{{"route", report.route},
                      {"generation", report.generation},
                      {"tag", report.tag},
                      {"source", report.runtime ? "runtime" : "file"},
                      {"affinity", report.affinity},
                      {"persistent", report.persistent},
                      {"targets", std::move(targets)}};
  if (!report.runtime) return object;
  object["who"] = report.runtime->who;
  object["reason"] = report.runtime->reason;
  object["since"] = time_text(report.runtime->since);
  if (report.runtime->expires) {
    const auto left =
        std::chrono::duration_cast<std::chrono::seconds>(*report.runtime->expires - now).count();
    object["expires"] = time_text(*report.runtime->expires);
    object["ttl_seconds"] = std::max<std::int64_t>(left, 0);
  }
  return object;
}

std::string to_json(const SplitReport& report, SystemTime now) {
  return json::serialize(to_object(report, now));
}

std::string to_json(const std::vector<SplitReport>& reports, SystemTime now) {
  json::array splits;
  for (const SplitReport& report : reports) splits.push_back(to_object(report, now));
  return json::serialize(json::object{{"splits", std::move(splits)}});
}

}  // namespace weir::control
