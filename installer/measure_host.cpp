#include "base/file.hpp"
#include "base/subprocess.hpp"
#include "base/text.hpp"
#include "installer/listeners.hpp"
#include "installer/preflight.hpp"
#include "net/addresses.hpp"

#include <fmt/format.h>
#include <sys/statvfs.h>
#include <sys/timex.h>
#include <sys/utsname.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <map>
#include <memory>
#include <netdb.h>
#include <unistd.h>

namespace vectis::installer {

namespace {

/// KEY=value or KEY="value", as in /etc/os-release (os-release(5)).
std::map<std::string, std::string> read_settings(const fs::path& path) {
    std::map<std::string, std::string> settings;
    for (const auto& line : split(read_file(path).value_or(""), '\n')) {
        const auto equals = line.find('=');
        if (equals == std::string::npos)
            continue;
        std::string value(trim(std::string_view(line).substr(equals + 1)));
        if (value.size() >= 2 && (value.front() == '"' || value.front() == '\'') && value.back() == value.front())
            value = value.substr(1, value.size() - 2);
        settings[line.substr(0, equals)] = printable(value);
    }
    return settings;
}

std::optional<std::uint64_t> number_in(std::string_view text) {
    std::uint64_t number = 0;
    const auto start = std::min(text.find_first_of("0123456789"), text.size());
    const auto [end, error] = std::from_chars(text.data() + start, text.data() + text.size(), number);
    return error == std::errc{} ? std::optional(number) : std::nullopt;
}

/// What there is, or what the control group allows (memory.max says "max" without a limit).
std::uint64_t memory() {
    std::uint64_t bytes = 0;
    for (const auto& line : split(read_file("/proc/meminfo").value_or(""), '\n')) {
        if (line.starts_with("MemTotal:"))
            bytes = number_in(line).value_or(0) * 1024;
    }
    const auto limit = number_in(read_file("/sys/fs/cgroup/memory.max").value_or(""));
    return limit ? std::min(bytes, *limit) : bytes;
}

/// `path`, or the nearest folder above it that exists.
fs::path nearest_existing(fs::path path) {
    while (!fs::exists(path) && path.has_relative_path())
        path = path.parent_path();
    return path;
}

void measure_disk(HostFacts& facts) {
    struct statvfs status {};
    if (statvfs(nearest_existing("/var/vmail").c_str(), &status) == 0) {
        facts.disk_free = static_cast<std::uint64_t>(status.f_bavail) * status.f_frsize;
        facts.files_free = status.f_favail;
        facts.files_total = status.f_files;
    }
    for (const auto* folder : {"/etc", "/var/lib", "/var/vmail", "/usr"}) {
        if (statvfs(nearest_existing(folder).c_str(), &status) == 0 && (status.f_flag & ST_RDONLY) != 0)
            facts.read_only.emplace_back(folder);
    }
}

/// The kernel's own state, which every time daemon sets; 16 s of possible error is what systemd calls synchronized,
/// too.
ClockState clock_state() {
    struct timex state {};
    if (adjtimex(&state) < 0)
        return ClockState::unknown;   // many containers may not even ask
    constexpr long most = 16'000'000; // microseconds
    return state.maxerror < most ? ClockState::synchronized : ClockState::unsynchronized;
}

std::string container() {
    if (const auto kind = read_file("/run/systemd/container"))
        return printable(trim(*kind));
    if (fs::exists("/.dockerenv"))
        return "docker";
    return {};
}

bool exim_installed() {
    const auto asked =
        run({"dpkg-query", "-W", "-f", "${db:Status-Status}\n", "exim4-daemon-*"}, std::chrono::seconds(30));
    const auto states = split(asked.out, '\n');
    return std::find(states.begin(), states.end(), "installed") != states.end();
}

/// Each message has one file whose name ends in -H.
std::uint64_t exim_queued() {
    std::uint64_t count = 0;
    std::error_code ignored;
    for (fs::recursive_directory_iterator each("/var/spool/exim4/input", ignored), end; !ignored && each != end;
         each.increment(ignored))
        count += each->path().filename().string().ends_with("-H") ? 1 : 0;
    return count;
}

} // namespace

HostFacts measure_host() {
    HostFacts facts;
    const auto release = read_settings("/etc/os-release");
    const auto setting = [&](const char* name) {
        const auto found = release.find(name);
        return found == release.end() ? std::string() : found->second;
    };
    facts.release_name = setting("PRETTY_NAME");
    facts.release_id = setting("ID");
    facts.release_version = setting("VERSION_ID");
    utsname name{};
    if (uname(&name) == 0)
        facts.machine = static_cast<const char*>(name.machine);
    facts.systemd = fs::is_directory("/run/systemd/system");
    facts.container = container();
    facts.memory = memory();
    measure_disk(facts);
    facts.clock = clock_state();
    facts.now = now();
    facts.root = geteuid() == 0;
    facts.listeners = listeners();
    facts.exim_installed = exim_installed();
    facts.exim_queued = exim_queued();
    facts.addresses = net::host_addresses();
    return facts;
}

std::string system_hostname() {
    std::array<char, 256> text{};
    if (gethostname(text.data(), text.size() - 1) != 0)
        return {};
    std::string name = lower_ascii(text.data());
    if (name.find('.') != std::string::npos)
        return name;
    addrinfo hints{};
    hints.ai_flags = AI_CANONNAME;
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* raw = nullptr;
    if (getaddrinfo(name.c_str(), nullptr, &hints, &raw) != 0)
        return name;
    const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> list(raw, freeaddrinfo);
    return raw->ai_canonname != nullptr ? lower_ascii(raw->ai_canonname) : name;
}

} // namespace vectis::installer
