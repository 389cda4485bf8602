#include "installer/drop_ins.hpp"

#include "base/error.hpp"
#include "base/subprocess.hpp"
#include "base/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

namespace vectis::installer {

namespace {

constexpr const char* name = "vectis.conf";

std::vector<fs::path> folders(const fs::path& kept) {
    std::vector<fs::path> found;
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(kept, error))
        found.push_back(entry.path());
    if (error)
        throw Error(Code::not_found, fmt::format("cannot read '{}': {}", kept.string(), error.message()),
                    "run 'apt install --reinstall vectis'");
    std::sort(found.begin(), found.end());
    return found;
}

void reload_systemd() {
    const auto done = run({"systemctl", "daemon-reload"}, std::chrono::seconds(60));
    if (done.status != 0)
        throw Error(Code::system, fmt::format("cannot have systemd read its units again: {}", printable(trim(done.err))));
}

} // namespace

std::vector<std::string> place_drop_ins(const fs::path& root) {
    std::vector<std::string> written;
    for (const auto& folder : folders(root / "usr/share/vectis/units")) {
        const fs::path place = root / "etc/systemd/system" / folder.filename() / name;
        const auto text = read_file(folder / name);
        if (!text || read_file(place) == text)
            continue;
        fs::create_directories(place.parent_path());
        replace_file(place, *text, {.mode = 0644});
        written.push_back("/" + place.lexically_relative(root).string());
    }
    if (!written.empty() && root == "/")
        reload_systemd();
    return written;
}

} // namespace vectis::installer
