#include "control/ready_line.hpp"

#include <unistd.h>

#include <boost/json.hpp>

namespace weir::control {

std::string ready_line(const std::vector<std::pair<std::string, std::string>>& listeners,
                       const std::string& admin) {
  boost::json::object addresses;
  for (const auto& [name, address] : listeners) addresses[name] = address;
  boost::json::object line;
  line["listeners"] = std::move(addresses);
  line["admin"] = admin;
  line["pid"] = static_cast<int>(::getpid());
  return "weir ready " + boost::json::serialize(line);
}

}  // namespace weir::control
