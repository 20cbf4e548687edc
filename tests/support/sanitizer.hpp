// Whether a sanitizer is at work, which keeps freed memory for a while and makes everything slower.
#pragma once

namespace weir::testing {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool built_sanitized = true;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
inline constexpr bool built_sanitized = true;
#else
inline constexpr bool built_sanitized = false;
#endif
#else
inline constexpr bool built_sanitized = false;
#endif

/// Whether this program, or the programs that it starts (WEIR_TEST_SANITIZED=1), were built with a sanitizer.
bool sanitized();

}  // namespace weir::testing
