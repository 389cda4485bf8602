// vectis-webmail.service: Roundcube's key and database are made or brought up to date, then the process becomes
// php-fpm.
#include "base/random.hpp"
#include "base/subprocess.hpp"
#include "base/text.hpp"
#include "cli/invocation.hpp"

#include <fmt/format.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <unistd.h>

namespace vectis::cli {

namespace {

const fs::path state_folder = "/var/lib/vectis-webmail";

/// Debian names the program after PHP's version, and several may be installed: the newest.
fs::path php_fpm() {
    constexpr std::string_view prefix = "php-fpm";
    std::array<int, 2> best{};
    fs::path found;
    for (const auto& entry : fs::directory_iterator("/usr/sbin")) {
        const std::string name = entry.path().filename().string();
        if (!name.starts_with(prefix))
            continue;
        std::array<int, 2> version{};
        const char* end = name.data() + name.size();
        const auto major = std::from_chars(name.data() + prefix.size(), end, version[0]);
        if (major.ec != std::errc() || major.ptr == end || *major.ptr != '.')
            continue;
        const auto minor = std::from_chars(major.ptr + 1, end, version[1]);
        if (minor.ec == std::errc() && minor.ptr == end && version > best) {
            best = version;
            found = entry.path();
        }
    }
    if (found.empty())
        throw Error(Code::not_found, "cannot start webmail: there is no php-fpm in /usr/sbin", "apt install php-fpm");
    return found;
}

void expect_success(const std::string& what, const Finished& finished) {
    if (finished.status != 0)
        throw Error(Code::check_failed,
                    fmt::format("cannot {}: {}", what, printable(trim(finished.out + finished.err).substr(0, 2000))));
}

/// Roundcube makes its database when it first opens it; a newer Roundcube may want other tables.
void update_database(const fs::path& configuration) {
    expect_success(
        "bring Roundcube's database up to date",
        vectis::run({"env", fmt::format("RCUBE_CONFIG_PATH={}/", configuration.string()), "php", "-d", "pcre.jit=0",
                     "/usr/share/roundcube/bin/updatedb.sh", "--package=roundcube", "--dir=/usr/share/roundcube/SQL"},
                    std::chrono::seconds(60)));
}

int test(const fs::path& configuration, const fs::path& pool) {
    expect_success("use PHP's configuration", vectis::run({php_fpm().string(), "--test", "--fpm-config", pool.string()},
                                                          std::chrono::seconds(30)));
    for (const auto& entry : fs::directory_iterator(configuration)) {
        if (entry.path().extension() == ".php")
            expect_success(fmt::format("use '{}'", entry.path().string()),
                           vectis::run({"php", "-l", entry.path().string()}, std::chrono::seconds(30)));
    }
    return 0;
}

} // namespace

int run_webmail(const Invocation& invocation) {
    const fs::path configuration = invocation.paths.current() / "webmail";
    const fs::path pool = configuration / "php-fpm.conf";
    if (invocation.has("--test"))
        return test(configuration, pool);
    const std::string program = php_fpm().string();
    if (fs::exists(configuration / "config.inc.php")) {
        constexpr std::size_t key_length = 32; // AES-256
        if (const fs::path key = state_folder / "key"; !fs::exists(key))
            create_file(key, random_password(key_length) + "\n", {.mode = 0600});
        update_database(configuration);
    }
    const std::string config = pool.string();
    execl(program.c_str(), program.c_str(), "--nodaemonize", "--fpm-config", config.c_str(), nullptr);
    throw system_error(errno, fmt::format("cannot run '{}'", program));
}

} // namespace vectis::cli
