#include "keys/issued.hpp"

#include "base/hash.hpp"
#include "keys/certificate.hpp"

namespace vectis::keys {

namespace {

fs::path link_of(const fs::path& tls, const std::string& name) {
    return tls / "acme" / name;
}

} // namespace

fs::path issued_certificate(const fs::path& tls, const std::string& name) {
    return link_of(tls, name) / "certificate.pem";
}

fs::path issued_key(const fs::path& tls, const std::string& name) {
    return link_of(tls, name) / "key.pem";
}

void ensure_stand_ins(const fs::path& tls, const std::vector<std::string>& names, Time now) {
    for (const auto& name : names) {
        if (fs::exists(issued_certificate(tls, name)))
            continue;
        const SelfSigned made = self_signed(name, now);
        put_issued(tls, name, made.certificate, made.key);
    }
}

bool put_issued(const fs::path& tls, const std::string& name, std::string_view certificate, std::string_view key) {
    Sha256 hash;
    hash.part(certificate).part(key);
    const fs::path link = link_of(tls, name);
    const fs::path target = fs::path("stored") / (name + "-" + hash.finish().substr(0, 16));
    std::error_code error;
    const fs::path before = fs::read_symlink(link, error);
    if (before == target)
        return false;
    ensure_folder(tls / "acme", {.mode = 0755});
    ensure_folder(tls / "acme/stored", {.mode = 0755});
    const fs::path folder = tls / "acme" / target;
    ensure_folder(folder, {.mode = 0755});
    replace_file(folder / "key.pem", key, {.mode = 0600});
    replace_file(folder / "certificate.pem", certificate, {.mode = 0644});
    replace_symlink(link, target);
    // Nobody finds the old pair any more; what a power cut leaves of it is only a folder too many.
    if (!before.empty())
        fs::remove_all(tls / "acme" / before);
    return true;
}

} // namespace vectis::keys
