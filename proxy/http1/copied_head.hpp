// The head of a copied request: the one that was written for the endpoint, less what the copy must not carry, plus
// the field that says that it is a copy. Pure: appends to a reused string; any thread.
#pragma once

#include <string>
#include <string_view>

namespace weir::http1 {

/// Cookie, Authorization, Proxy-Authorization: what lets a request act for its client.
bool is_credential(std::string_view name);

struct CopyRules {
  /// Otherwise none passes, those that a header policy sets included: they are meant for the original's upstream.
  bool keep_credentials = false;
  bool marks = true;  // http::never_indexed_mark stays where it is: the copy may go out over HTTP/2
};

/// `head` is a whole head as write_request_head wrote it, empty line included.
void append_copied_head(std::string& out, std::string_view head, CopyRules rules, std::string_view route);

}  // namespace weir::http1
