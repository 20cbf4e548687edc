#include "integration/wire_cases.hpp"

#include <utility>

namespace weir::testing {

WireCase refused(std::string name, std::string bytes, int status) {
  WireCase wire_case;
  wire_case.name = std::move(name);
  wire_case.bytes = std::move(bytes);
  wire_case.statuses = {status};
  return wire_case;
}

WireCase torn(std::string name, std::string bytes, int status) {
  WireCase wire_case = refused(std::move(name), std::move(bytes), status);
  wire_case.torn = true;
  return wire_case;
}

WireCase passed(std::string name, std::string bytes, std::string seen) {
  WireCase wire_case = refused(std::move(name), std::move(bytes), 200);
  wire_case.seen = {std::move(seen)};
  wire_case.closes = false;
  return wire_case;
}

std::string seen(const std::string& line, const std::string& fields, const std::string& end,
                 const std::string& host) {
  return line + "\r\nHost: " + host + "\r\n" + fields + "<forwarding>\r\n" + end;
}

}  // namespace weir::testing
