// THE table of rendered files: one row per file, and nothing else decides what is written, for whom, and where that
// daemon finds it.
#pragma once

#include "config/model.hpp"
#include "render/file.hpp"
#include "render/quoting.hpp"

#include <span>
#include <string_view>

namespace vectis::render {

/// What makes a service take up a change of the file.
enum class Uptake : std::uint8_t {
    reload,
    restart,    // read at start only
    parameters, // main.cf: a reload, but a restart if one of `restarting_parameters()` changes
};

struct Row {
    /// In the generation's folder; its template is the same path with .mustache below the templates' folder.
    std::string_view path;
    std::string_view service; // empty: whoever reads it does so when it is used
    /// The Debian package whose version chooses among templates/<first folder>/<version>/; a version without the
    /// template has no such file. Empty: one for all.
    std::string_view versioned_by;
    Quoting quoting = Quoting::plain;
    mode_t mode = 0644;
    /// Where the daemon finds it; empty: the files that are placed name it as /var/lib/vectis/current/<path>.
    std::string_view where;
    Placed placed = Placed::link;
    Uptake uptake = Uptake::reload;
    /// Null: always rendered.
    bool (*wanted)(const config::Config&) = nullptr;
};

/// Every row, by path.
[[nodiscard]] std::span<const Row> rows();

/// Parameters of main.cf that Postfix reads only when it starts (postconf(5)).
[[nodiscard]] std::span<const std::string_view> restarting_parameters();

} // namespace vectis::render
