// EXPECT_TRUE(is_clean(findings)): prints the findings, one a line, where there are any.
#pragma once

#include <gtest/gtest.h>

#include <vector>

#include "tidy/source.hpp"

namespace weir::tidy {

inline testing::AssertionResult is_clean(const std::vector<Finding>& findings) {
  if (findings.empty()) return testing::AssertionSuccess();
  return testing::AssertionFailure() << '\n' << report(findings);
}

}  // namespace weir::tidy
