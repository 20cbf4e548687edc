#include "admin/route_json.hpp"

#include <boost/json.hpp>

#include "config/dump.hpp"

namespace weir::control {

std::string routes_json(const config::Config& config) {
  const boost::json::value whole = boost::json::parse(config::dump(config));
  const boost::json::object routes{{"routes", whole.at("routes")}};
  return boost::json::serialize(routes);
}

}  // namespace weir::control
