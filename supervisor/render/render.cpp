#include "render/context.hpp"
#include "render/files.hpp"
#include "render/quoting.hpp"

#include <fmt/format.h>

#include <optional>

namespace vectis::render {

namespace {

namespace mustache = kainjow::mustache;

/// The upstream part of a Debian version, without epoch and revision: 1:2.3.19.1+dfsg1-2.1 -> 2.3.19.1.
std::string upstream(const std::string& debian_version) {
    const auto epoch = debian_version.find(':');
    const std::string version = epoch == std::string::npos ? debian_version : debian_version.substr(epoch + 1);
    return version.substr(0, version.find_first_not_of("0123456789."));
}

/// The folder for the most exact known version: 2.3.19.1, then 2.3.19, then 2.3.
std::string version_folder(const fs::path& folder, const std::string& package, const Platform& platform) {
    const auto installed = platform.versions.find(package);
    if (installed == platform.versions.end())
        throw Error(Code::not_found, fmt::format("cannot render: the package {} is not installed", package),
                    fmt::format("apt install {}", package));
    std::string version = upstream(installed->second);
    while (!version.empty()) {
        if (fs::is_directory(folder / version))
            return version;
        const auto dot = version.rfind('.');
        version.resize(dot == std::string::npos ? 0 : dot);
    }
    throw Error(Code::not_supported,
                fmt::format("cannot render: there are no templates for {} {}", package, installed->second),
                "this release of Vectis does not know it yet");
}

/// Nothing where the installed version has no such file.
std::optional<fs::path> template_path(const Row& row, const Platform& platform) {
    const fs::path templates = platform.templates;
    if (row.versioned_by.empty())
        return templates / fmt::format("{}.mustache", row.path);
    const auto slash = row.path.find('/');
    const fs::path folder = templates / row.path.substr(0, slash);
    const std::string version = version_folder(folder, std::string(row.versioned_by), platform);
    const fs::path path = folder / version / fmt::format("{}.mustache", row.path.substr(slash + 1));
    return fs::exists(path) ? std::optional(path) : std::nullopt;
}

std::string fill(const fs::path& path, const mustache::data& values, Quoting quoting) {
    const auto text = read_file(path);
    if (!text)
        throw Error(Code::not_found, fmt::format("cannot read the template '{}': it does not exist", path.string()),
                    "run 'apt install --reinstall vectis'");
    mustache::mustache filled(*text);
    if (!filled.is_valid())
        throw Error(Code::internal,
                    fmt::format("cannot use the template '{}': {}", path.string(), filled.error_message()));
    filled.set_custom_escape([quoting](const std::string& value) { return quote(quoting, value); });
    return filled.render(values);
}

} // namespace

std::vector<File> render(const config::Config& config, const config::Secrets& secrets, const Platform& platform) {
    const mustache::data values = context(config, secrets, platform);
    std::vector<File> files;
    for (const auto& row : rows()) {
        if (row.wanted != nullptr && !row.wanted(config))
            continue;
        const auto path = template_path(row, platform);
        if (!path)
            continue;
        File file;
        file.path = row.path;
        file.bytes = fill(*path, values, row.quoting);
        file.access.mode = row.mode; // owned by the supervisor, root
        file.services = {std::string(row.service)};
        files.push_back(std::move(file));
    }
    return files;
}

} // namespace vectis::render
