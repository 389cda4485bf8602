#include "state/observed.hpp"

#include "base/subprocess.hpp"
#include "base/text.hpp"
#include "keys/certificate.hpp"
#include "keys/issued.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <ifaddrs.h>

namespace vectis::state {

namespace {

/// When `path` itself (not what it points to) was last changed.
std::optional<Time> changed_at(const fs::path& path, bool follow) {
    struct stat status {};
    if ((follow ? stat(path.c_str(), &status) : lstat(path.c_str(), &status)) != 0)
        return std::nullopt;
    return Time(std::chrono::seconds(status.st_mtim.tv_sec) +
                std::chrono::milliseconds(status.st_mtim.tv_nsec / 1'000'000));
}

/// What is at a placement if that is not as it should be; empty if it is.
std::string misplacement(const render::Placement& placement, const Observed& observed, const Paths& paths) {
    const fs::path where = placement.where;
    std::error_code error;
    const auto status = fs::symlink_status(where, error);
    if (!fs::exists(status))
        return "missing";
    if (placement.placed == render::Placed::copy) {
        if (!fs::is_regular_file(status))
            return "not a plain file";
        const auto current = observed.files.find(placement.path);
        return current != observed.files.end() && read_file(where) == current->second ? "" : "other contents";
    }
    if (fs::is_symlink(status)) {
        const fs::path target = fs::read_symlink(where, error);
        return target == paths.current() / placement.path ? "" : fmt::format("a link to {}", target.string());
    }
    return fs::is_directory(status) ? "a folder" : "a plain file";
}

void observe_files(Observed& observed, const fs::path& folder) {
    std::error_code error;
    for (fs::recursive_directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
        const std::string path = entry->path().lexically_relative(folder).string();
        if (entry->is_regular_file() && path != "config.yaml")
            observed.files[path] = read_file(entry->path()).value_or("");
    }
    if (error && error != std::errc::no_such_file_or_directory)
        throw Error(Code::system, fmt::format("cannot read '{}': {}", folder.string(), error.message()));
}

void observe_keys(Observed& observed, const Desired& desired, const Paths& paths) {
    for (const auto& key : desired.keys) {
        if (!fs::exists(keys::dkim_path(paths.dkim(), key.domain, key.selector)))
            observed.missing_keys.push_back(key);
    }
    observed.certificates = read_certificates(desired, paths);
    if (desired.config.tls.mode == config::TlsMode::self_signed)
        observed.certificate_due = keys::self_signed_due(paths.tls(), desired.config.hostname, now());
    for (const auto& name : desired.issued) {
        if (!fs::exists(keys::issued_certificate(paths.tls(), name)))
            observed.certificate_due = true;
    }
}

void observe_packages(Observed& observed) {
    const auto installed = installed_packages();
    for (const auto& service : surface::services()) {
        for (const auto package : service.packages) {
            if (!installed.contains(std::string(package)))
                observed.missing_packages.emplace_back(package);
        }
    }
}

Observed observe_disk(const Desired& desired, const Paths& paths) {
    Observed observed;
    observe_files(observed, paths.current());
    for (const auto& placement : desired.placements) {
        if (const std::string fault = misplacement(placement, observed, paths); !fault.empty())
            observed.misplaced[placement.where] = fault;
    }
    observe_keys(observed, desired, paths);
    observe_packages(observed);
    return observed;
}

/// What a unit that started after the last switch has read: what is there now.
std::string digest_on_disk(const Desired& desired, const Observed& observed, const std::string& service,
                           const Certificates& certificates) {
    Desired there;
    there.certificate = desired.certificate;
    for (const auto& file : desired.files) {
        if (const auto found = observed.files.find(file.path); found != observed.files.end())
            there.files.push_back({file.path, found->second, file.access, file.services});
    }
    return service_digest(there, service, certificates);
}

void observe_units(Observed& observed, const Desired& desired, const Paths& paths, store::Supervisor& supervisor,
                   systemd::Manager& manager) {
    const auto loaded = supervisor.loaded();
    const auto switched = changed_at(paths.current(), false);
    auto certified = changed_at(desired.certificate, true);
    for (const auto& name : desired.issued)
        certified = std::max(certified, changed_at(keys::issued_certificate(paths.tls(), name), true));
    for (const auto& service : surface::services()) {
        ObservedUnit unit;
        unit.state = unit_of(manager, service);
        unit.unit = unit.state.name;
        const auto record = loaded.find(unit.unit);
        const auto since = unit.state.active_since;
        if (record != loaded.end() && record->second.invocation_id == unit.state.invocation_id) {
            unit.loaded = record->second.digest;
        } else if (unit.state.active() && since && switched && *since > *switched && observed.generation > 0) {
            const bool has_certificate = certified && *certified < *since;
            unit.loaded = digest_on_disk(desired, observed, std::string(service.name),
                                         has_certificate ? observed.certificates : Certificates{});
        }
        observed.units.emplace(service.name, std::move(unit));
    }
}

} // namespace

std::map<std::string, std::string> installed_packages() {
    std::vector<std::string> command{"dpkg-query", "--show", "--showformat",
                                     "${Package} ${db:Status-Status} ${source:Upstream-Version}\\n"};
    for (const auto& service : surface::services()) {
        for (const auto package : service.packages)
            command.emplace_back(package);
    }
    // It exits 1 when a package is unknown, and names the others all the same.
    const Finished finished = run(command, std::chrono::seconds(30));
    std::map<std::string, std::string> installed;
    for (const auto& line : split(finished.out, '\n')) {
        const auto words = split(line, ' ');
        // An upgrade that was interrupted leaves packages whose files are there; an apply may be what mends them.
        if (words.size() == 3 && (words[1] == "installed" || words[1] == "half-configured"))
            installed[words[0]] = words[2];
    }
    return installed;
}

render::Platform observe_platform(const Paths& paths) {
    render::Platform platform;
    platform.versions = installed_packages();
    platform.templates = paths.templates().string();
    ifaddrs* list = nullptr;
    if (getifaddrs(&list) != 0)
        throw system_error(errno, "cannot list network addresses");
    const std::unique_ptr<ifaddrs, decltype(&freeifaddrs)> owner(list, freeifaddrs);
    for (const ifaddrs* each = list; each != nullptr; each = each->ifa_next) {
        if (each->ifa_addr == nullptr)
            continue;
        std::array<char, INET6_ADDRSTRLEN> text{};
        const int family = each->ifa_addr->sa_family;
        const auto* address = reinterpret_cast<const char*>(each->ifa_addr); // NOLINT: the sockets API's own way
        if (family == AF_INET)
            inet_ntop(family, address + offsetof(sockaddr_in, sin_addr), text.data(), text.size());
        else if (family == AF_INET6)
            inet_ntop(family, address + offsetof(sockaddr_in6, sin6_addr), text.data(), text.size());
        else
            continue;
        platform.interface_addresses[each->ifa_name].emplace_back(text.data());
    }
    return platform;
}

std::string name_of_unit(systemd::Manager& manager, const surface::Service& service) {
    for (const auto name : service.units) {
        const systemd::UnitState unit = manager.state(std::string(name));
        if (unit.load_state == "masked" || (unit.loaded() && !unit.dummy()))
            return unit.name;
    }
    return std::string(service.units.front());
}

systemd::UnitState unit_of(systemd::Manager& manager, const surface::Service& service) {
    systemd::UnitState unit = manager.state(name_of_unit(manager, service));
    if (unit.load_state == "masked")
        throw Error(Code::unit_failed, fmt::format("cannot use unit '{}': it is masked", unit.name),
                    fmt::format("systemctl unmask {}", unit.name));
    if (!unit.loaded())
        throw Error(
            Code::not_found, fmt::format("cannot find a systemd unit for {}", service.name),
            fmt::format("apt install {}", service.packages.empty() ? "--reinstall vectis" : service.packages.front()));
    return unit;
}

std::vector<std::string> log_units(const std::string& service) {
    if (service == "vectis")
        return {"vectis-supervisor.service", "vectis-api.service"};
    if (const auto* row = surface::find_service(service); row != nullptr) {
        systemd::Manager manager;
        return {unit_of(manager, *row).name};
    }
    std::vector<std::string_view> names{"vectis"};
    for (const auto& each : surface::services())
        names.push_back(each.name);
    const auto near = nearest(service, names);
    throw Error(Code::not_found, fmt::format("cannot show logs of '{}': there is no such service", printable(service)),
                near ? fmt::format("did you mean '{}'?", *near) : "'vectis status' lists the services");
}

Observed observe(const Desired& desired, const Paths& paths, store::Directory& directory, store::Supervisor& supervisor,
                 systemd::Manager& manager) {
    Observed observed = observe_disk(desired, paths);
    observed.generation = directory.generation();
    observed.rows = directory.rows();
    observed.api_made = directory.api_made();
    std::vector<render::File> written;
    for (auto& file : supervisor.files(observed.generation)) {
        const auto found = observed.files.find(file.path);
        if (found == observed.files.end() || found->second != file.bytes)
            observed.edited.insert(file.path);
        written.push_back({.path = std::move(file.path)});
    }
    for (const auto& placement : render::placements(written)) {
        const bool stays = std::any_of(desired.placements.begin(), desired.placements.end(),
                                       [&](const render::Placement& each) { return each.where == placement.where; });
        if (!stays && misplacement(placement, observed, paths).empty())
            observed.left_over.push_back(placement);
    }
    // Without its package a service has no unit to look at.
    if (observed.missing_packages.empty())
        observe_units(observed, desired, paths, supervisor, manager);
    return observed;
}

Observed observe_offline(const Desired& desired, const Paths& paths) {
    Observed observed = observe_disk(desired, paths);
    if (fs::exists(paths.directory() / "directory.db")) {
        auto contents = store::read_directory(paths.directory());
        observed.generation = contents.generation;
        observed.rows = std::move(contents.rows);
        observed.api_made = std::move(contents.api_made);
    }
    return observed;
}

} // namespace vectis::state
