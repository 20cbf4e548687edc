#include "cli/explain_client.hpp"

#include <ostream>

#include "admin/explain_request.hpp"
#include "cli/terminal_text.hpp"

namespace weir::control {

ClientOutcome ask_explain(const AdminTarget& target, const ExplainRequest& request, bool as_json,
                          std::ostream& out, std::ostream& err) {
  constexpr std::string_view path = "/api/v1/explain";
  const auto answer = call_admin(target, "POST", path, client_timeout, explain_body({request, !as_json}));
  if (!answer) return unreachable(target, answer.error(), err);
  if (answer->status == 200) {
    out << (as_json ? answer->body : terminal_text(answer->body));
    return ClientOutcome::done;
  }
  if (answer->status == 404) {
    err << "weir: the running Weir is older than this command: it has no " << path << '\n';
    return ClientOutcome::refused;
  }
  print_problem(*answer, err);
  return ClientOutcome::refused;
}

}  // namespace weir::control
