#include "keys/certificate.hpp"

#include "base/hash.hpp"
#include "base/random.hpp"
#include "base/text.hpp"
#include "keys/openssl.hpp"

#include <fmt/format.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>

#include <algorithm>
#include <chrono>

namespace vectis::keys {

namespace {

using std::chrono::days;

constexpr days lifetime{825};
constexpr days renewed_when_left{30};

Certificate parse_certificate(std::string_view pem) {
    const Bio in = reader(pem);
    Certificate certificate(PEM_read_bio_X509(in.get(), nullptr, nullptr, nullptr));
    ERR_clear_error();
    return certificate;
}

PrivateKey parse_key(std::string_view pem) {
    const Bio in = reader(pem);
    PrivateKey key(PEM_read_bio_PrivateKey(in.get(), nullptr, no_passphrase, nullptr));
    ERR_clear_error();
    return key;
}

Time time_of(const ASN1_TIME* asn1) {
    std::tm parts{};
    if (ASN1_TIME_to_tm(asn1, &parts) != 1)
        throw Error(Code::invalid_input, "cannot read the certificate: its dates are malformed");
    const std::chrono::year_month_day day(std::chrono::year(parts.tm_year + 1900),
                                          std::chrono::month(static_cast<unsigned>(parts.tm_mon + 1)),
                                          std::chrono::day(static_cast<unsigned>(parts.tm_mday)));
    return std::chrono::sys_days(day) + std::chrono::hours(parts.tm_hour) + std::chrono::minutes(parts.tm_min) +
           std::chrono::seconds(parts.tm_sec);
}

std::string one_line(const X509_NAME* name) {
    const Bio out(BIO_new(BIO_s_mem()));
    X509_NAME_print_ex(out.get(), name, 0, XN_FLAG_RFC2253);
    return printable(written(out.get()));
}

std::string text_of(const ASN1_STRING* value) {
    return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(value)),
            static_cast<std::size_t>(ASN1_STRING_length(value))};
}

std::vector<std::string> dns_names(const X509* certificate) {
    std::vector<std::string> names;
    const auto release = [](GENERAL_NAMES* each) { GENERAL_NAMES_free(each); };
    const std::unique_ptr<GENERAL_NAMES, decltype(release)> alternatives(
        static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)), release);
    for (int i = 0; i < sk_GENERAL_NAME_num(alternatives.get()); ++i) {
        const GENERAL_NAME* each = sk_GENERAL_NAME_value(alternatives.get(), i);
        if (each->type == GEN_DNS)
            names.push_back(lower_ascii(printable(text_of(each->d.dNSName))));
    }
    if (!names.empty())
        return names;
    const X509_NAME* subject = X509_get_subject_name(certificate);
    if (const int at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1); at >= 0)
        names.push_back(lower_ascii(printable(text_of(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at))))));
    return names;
}

CertificateInfo info_of(const X509* certificate) {
    return {.names = dns_names(certificate),
            .issuer = one_line(X509_get_issuer_name(certificate)),
            .self_signed = X509_NAME_cmp(X509_get_issuer_name(certificate), X509_get_subject_name(certificate)) == 0,
            .not_before = time_of(X509_get0_notBefore(certificate)),
            .not_after = time_of(X509_get0_notAfter(certificate))};
}

void add_extension(X509* certificate, int kind, const std::string& value) {
    X509V3_CTX context{};
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
    const auto release = [](X509_EXTENSION* each) { X509_EXTENSION_free(each); };
    const std::unique_ptr<X509_EXTENSION, decltype(release)> extension(
        X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str()), release);
    if (extension == nullptr || X509_add_ext(certificate, extension.get(), -1) != 1)
        throw Error(Code::internal, fmt::format("cannot make a certificate: {}", openssl_error()));
}

std::string date(Time time) {
    return rfc3339(time).substr(0, 10);
}

/// Adds to `problems` unless the file can be read.
std::optional<std::string> read_or_say(const fs::path& path, const char* key, std::vector<Problem>& problems) {
    try {
        if (auto text = read_file(path, 1U << 20U))
            return text;
        problems.push_back({.where = {},
                            .path = key,
                            .what = fmt::format("there is no file '{}'", path.string()),
                            .hint = "put it there, or choose 'mode: self_signed'"});
    } catch (const Error& error) {
        problems.push_back({.where = {}, .path = key, .what = error.what(), .hint = error.hint()});
    }
    return std::nullopt;
}

void judge_dates(const CertificateInfo& found, const fs::path& path, Time now, std::vector<Problem>& problems) {
    if (found.not_after <= now)
        problems.push_back({.where = {},
                            .path = "tls.certificate",
                            .what = fmt::format("'{}' expired on {}", path.string(), date(found.not_after)),
                            .hint = "renew it"});
    if (found.not_before > now)
        problems.push_back({.where = {},
                            .path = "tls.certificate",
                            .what = fmt::format("'{}' is not valid before {}", path.string(), date(found.not_before)),
                            .hint = "check the server's clock (timedatectl)"});
}

void judge_key_access(const fs::path& path, std::vector<Problem>& problems) {
    struct stat status {};
    if (stat(path.c_str(), &status) == 0 && (status.st_mode & 0007U) != 0)
        problems.push_back({.where = {},
                            .path = "tls.key",
                            .what = fmt::format("everybody on this server may read '{}'", path.string()),
                            .hint = fmt::format("chmod 0600 {}", path.string())});
}

} // namespace

bool CertificateInfo::covers(std::string_view hostname) const {
    const std::string wanted = lower_ascii(hostname);
    return std::any_of(names.begin(), names.end(), [&](const std::string& name) {
        if (name == wanted)
            return true;
        const auto dot = wanted.find('.');
        return name.starts_with("*.") && dot != std::string::npos && dot > 0 && name.substr(1) == wanted.substr(dot);
    });
}

CertificateInfo certificate_info(std::string_view pem) {
    const Certificate certificate = parse_certificate(pem);
    if (certificate == nullptr)
        throw Error(Code::invalid_input, "cannot read the certificate: there is none in PEM form");
    return info_of(certificate.get());
}

std::string public_key_digest(std::string_view pem) {
    const Certificate certificate = parse_certificate(pem);
    if (certificate == nullptr)
        throw Error(Code::invalid_input, "cannot read the certificate: there is none in PEM form");
    unsigned char* bytes = nullptr;
    const int size = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate.get()), &bytes);
    if (size <= 0)
        throw Error(Code::invalid_input, "cannot read the certificate: it has no public key");
    std::string digest =
        sha256({reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size)}); // NOLINT: OpenSSL's bytes
    OPENSSL_free(bytes);
    return digest;
}

std::vector<Problem> certificate_problems(const fs::path& certificate_path, const fs::path& key_path,
                                          std::string_view hostname, Time now) {
    std::vector<Problem> problems;
    const auto certificate_text = read_or_say(certificate_path, "tls.certificate", problems);
    const auto key_text = read_or_say(key_path, "tls.key", problems);
    const Certificate certificate = certificate_text ? parse_certificate(*certificate_text) : nullptr;
    const PrivateKey key = key_text ? parse_key(*key_text) : nullptr;
    if (certificate_text && certificate == nullptr)
        problems.push_back(
            {.where = {},
             .path = "tls.certificate",
             .what = fmt::format("'{}' holds no certificate in PEM form", certificate_path.string()),
             .hint = "it begins with '-----BEGIN CERTIFICATE-----', the server's own certificate first"});
    if (key_text && key == nullptr)
        problems.push_back(
            {.where = {},
             .path = "tls.key",
             .what = fmt::format("'{}' holds no private key in PEM form without a passphrase", key_path.string()),
             .hint = "it begins with '-----BEGIN PRIVATE KEY-----'; remove a passphrase with 'openssl pkey'"});
    if (key_text)
        judge_key_access(key_path, problems);
    if (certificate == nullptr)
        return problems;
    const CertificateInfo found = info_of(certificate.get());
    judge_dates(found, certificate_path, now, problems);
    if (!found.covers(hostname))
        problems.push_back({.where = {},
                            .path = "tls.certificate",
                            .what = fmt::format("'{}' is for {}, not for the hostname '{}'", certificate_path.string(),
                                                found.names.empty() ? "no name" : join(found.names, ", "), hostname),
                            .hint = "get one that lists the hostname, or correct 'hostname'"});
    if (key != nullptr && X509_check_private_key(certificate.get(), key.get()) != 1)
        problems.push_back({.where = {},
                            .path = "tls.key",
                            .what = fmt::format("the key in '{}' does not belong to the certificate in '{}'",
                                                key_path.string(), certificate_path.string()),
                            .hint =
                                "name the key that the certificate was requested with; the server's own certificate "
                                "comes first in its file"});
    ERR_clear_error();
    return problems;
}

SelfSigned self_signed(const std::string& hostname, Time now, std::string_view old_key) {
    // OpenSSL reads an extension's value as configuration, in which a comma begins another name.
    if (hostname.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-.") != std::string::npos || hostname.empty())
        throw Error(Code::invalid_input,
                    fmt::format("cannot make a certificate for '{}': it is no host name", printable(hostname)));
    PrivateKey key = old_key.empty() ? nullptr : parse_key(old_key);
    if (key == nullptr || EVP_PKEY_get_base_id(key.get()) != EVP_PKEY_EC)
        key.reset(EVP_EC_gen("P-256"));
    const Certificate certificate(X509_new());
    if (key == nullptr || certificate == nullptr)
        throw Error(Code::internal, fmt::format("cannot make a certificate: {}", openssl_error()));
    X509* made = certificate.get();
    X509_set_version(made, X509_VERSION_3);
    std::string serial = random_bytes(16);
    serial[0] = static_cast<char>((static_cast<unsigned char>(serial[0]) & 0x3FU) | 0x40U); // positive, of fixed length
    ASN1_STRING_set(X509_get_serialNumber(made), serial.data(), static_cast<int>(serial.size()));
    // An hour back, for clients whose clock is behind.
    const std::time_t start = std::chrono::system_clock::to_time_t(now - std::chrono::hours(1));
    const std::time_t end = std::chrono::system_clock::to_time_t(now + lifetime - std::chrono::hours(1));
    ASN1_TIME_set(X509_getm_notBefore(made), start);
    ASN1_TIME_set(X509_getm_notAfter(made), end);
    X509_set_pubkey(made, key.get());
    // RFC 5280 bounds a common name at 64; a longer hostname is in the alternative name, which is what counts.
    X509_NAME* name = X509_get_subject_name(made);
    const std::string common = hostname.size() <= 64 ? hostname : "mail server";
    X509_NAME_add_entry_by_NID(name, NID_commonName, MBSTRING_UTF8,
                               reinterpret_cast<const unsigned char*>(common.data()), static_cast<int>(common.size()),
                               -1, 0);
    X509_set_issuer_name(made, name);
    add_extension(made, NID_basic_constraints, "critical,CA:FALSE");
    add_extension(made, NID_key_usage, "critical,digitalSignature");
    add_extension(made, NID_ext_key_usage, "serverAuth,clientAuth");
    add_extension(made, NID_subject_key_identifier, "hash");
    add_extension(made, NID_subject_alt_name, "DNS:" + hostname);
    const Bio certificate_out(BIO_new(BIO_s_mem()));
    const Bio key_out(BIO_new(BIO_s_mem()));
    if (X509_sign(made, key.get(), EVP_sha256()) == 0 || PEM_write_bio_X509(certificate_out.get(), made) != 1 ||
        PEM_write_bio_PKCS8PrivateKey(key_out.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) != 1)
        throw Error(Code::internal, fmt::format("cannot make a certificate: {}", openssl_error()));
    return {.certificate = written(certificate_out.get()), .key = written(key_out.get())};
}

bool self_signed_due(const fs::path& folder, const std::string& hostname, Time now) {
    const Certificate certificate = parse_certificate(read_file(folder / "self_signed.crt", 1U << 20U).value_or(""));
    const PrivateKey key = parse_key(read_file(folder / "self_signed.key", 1U << 20U).value_or(""));
    const bool belong =
        certificate != nullptr && key != nullptr && X509_check_private_key(certificate.get(), key.get()) == 1;
    ERR_clear_error();
    if (!belong)
        return true;
    const CertificateInfo found = info_of(certificate.get());
    return !found.covers(hostname) || found.not_before > now || found.not_after - renewed_when_left <= now;
}

bool ensure_self_signed(const fs::path& folder, const std::string& hostname, Time now) {
    if (!self_signed_due(folder, hostname, now))
        return false;
    const fs::path key_path = folder / "self_signed.key";
    const std::string old_key = read_file(key_path, 1U << 20U).value_or("");
    const SelfSigned made = self_signed(hostname, now, old_key);
    ensure_folder(folder, {.mode = 0755});
    // The key first: cut off between the two, the next run finds a certificate that does not belong to it and signs
    // again.
    if (made.key != old_key)
        replace_file(key_path, made.key, {.mode = 0600});
    replace_file(folder / "self_signed.crt", made.certificate, {.mode = 0644});
    return true;
}

} // namespace vectis::keys
