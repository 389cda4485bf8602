// Randomness from the kernel, and the identifiers made of it.
#pragma once

#include "base/clock.hpp"

#include <cstddef>
#include <string>

namespace vectis {

/// `count` random bytes from getrandom(2).
[[nodiscard]] std::string random_bytes(std::size_t count);
/// 2 * `count` hexadecimal digits.
[[nodiscard]] std::string random_hex(std::size_t count);
/// A password of `length` letters and digits without look-alikes (no 0 O 1 l I), each drawn without bias.
[[nodiscard]] std::string random_password(std::size_t length);
/// A UUID version 7 (RFC 9562): sorts by time of making.
[[nodiscard]] std::string uuid7();
/// One that sorts as if it were made then.
[[nodiscard]] std::string uuid7(Time time);
/// The first of those that are made at a time: none made before sorts behind it.
[[nodiscard]] std::string first_uuid7(Time time);

} // namespace vectis
