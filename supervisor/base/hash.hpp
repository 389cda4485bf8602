// SHA-256 and HMAC by OpenSSL.
#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace vectis {

/// Takes parts one after the other; each part is counted with its length, so that moving a boundary changes the hash.
class Sha256 {
  public:
    Sha256();
    ~Sha256();
    Sha256(const Sha256&) = delete;
    Sha256& operator=(const Sha256&) = delete;

    Sha256& part(std::string_view bytes);
    /// 64 hexadecimal digits; the object is spent afterwards.
    [[nodiscard]] std::string finish();

  private:
    struct Context;
    std::unique_ptr<Context> context_;
};

/// The plain SHA-256 of `bytes`, as sha256sum(1) prints it.
[[nodiscard]] std::string sha256(std::string_view bytes);
/// HMAC with SHA-256 (RFC 2104): 32 bytes.
[[nodiscard]] std::string hmac_sha256(std::string_view key, std::string_view bytes);

} // namespace vectis
