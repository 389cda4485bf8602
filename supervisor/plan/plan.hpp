// The exact difference between what config.yaml asks for and what is. Pure: values in, values out.
#pragma once

#include "base/json.hpp"
#include "state/observed.hpp"

#include <set>
#include <string>
#include <vector>

namespace vectis::plan {

enum class FileChange : std::uint8_t { added, changed, removed };

struct FileStep {
    std::string path;
    FileChange change = FileChange::changed;
    bool edited = false; // somebody changed it by hand since it was written
    bool secret = false; // not world-readable: its contents are never shown
    std::string diff;    // unified; empty if secret
    std::string digest;  // of the new bytes
};

/// A link or copy in /etc that is not as it should be.
struct PlacementStep {
    render::Placement placement;
    std::string found; // "missing", "a plain file", "a link to ..."
    bool goes = false; // no longer ours: what stood there before comes back
};

/// In the order of how much they do: of two that are asked for, the later one serves both.
enum class UnitAction : std::uint8_t { untouched, reload, restart, start, stop };
[[nodiscard]] std::string_view text(UnitAction action);

struct UnitStep {
    std::string service;
    std::string unit;
    UnitAction action = UnitAction::untouched;
    std::string why;
};

struct Plan {
    std::string id; // names this very difference: another state or another wish has another id
    std::uint64_t from = 0;
    std::string config_sha256;
    std::vector<FileStep> files;
    directory::Changes rows;
    std::vector<PlacementStep> placements;
    std::vector<state::KeyWanted> keys; // to be made
    bool certificate = false;           // the self-signed certificate is to be made or renewed
    std::vector<UnitStep> units;        // every service, untouched ones too

    /// Nothing to do at all.
    [[nodiscard]] bool empty() const;
    /// "3 files, 1 mailbox; reload rspamd": one line.
    [[nodiscard]] std::string summary() const;
};

/// Throws Error(not_found) naming every missing package: nothing can be applied without them.
[[nodiscard]] Plan difference(const state::Desired& desired, const state::Observed& observed);

/// Throws Error(conflict) with every row of `changes` that config.yaml wants and the API has made.
void expect_none_of(const std::set<std::string>& api_made, const directory::Changes& changes);

/// For people: at most `rows` changed rows of each kind are listed, the rest is counted.
[[nodiscard]] std::string describe(const Plan& plan, std::size_t rows = 50);
/// For programs: everything.
[[nodiscard]] Json to_json(const Plan& plan);

} // namespace vectis::plan
