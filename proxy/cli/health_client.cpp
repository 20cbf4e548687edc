#include "cli/health_client.hpp"

#include <boost/json.hpp>
#include <ostream>
#include <string_view>

namespace weir::control {

namespace json = boost::json;

bool ask_health(const AdminTarget& target, HealthQuestion question, bool as_json, std::ostream& out,
                std::ostream& err) {
  const std::string_view path = question == HealthQuestion::live ? "/health/live" : "/health/ready";
  const auto answer = call_admin(target, "GET", path, health_timeout);
  if (!answer) {
    unreachable(target, answer.error(), err);
    return false;
  }
  const json::object body = object_in(answer->body);
  const json::value* const status = body.if_contains("status");
  if (status == nullptr || !status->is_string()) {
    not_weir(target, err);
    return false;
  }
  if (as_json) {
    out << json::serialize(body) << '\n';
  } else {
    out << std::string_view(status->get_string()) << '\n';
  }
  return answer->status == 200;
}

}  // namespace weir::control
