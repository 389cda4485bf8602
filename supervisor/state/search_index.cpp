#include "state/search_index.hpp"

#include <algorithm>
#include <chrono>
#include <vector>

namespace vectis::state {

namespace {

constexpr std::chrono::minutes kept_back{10};

struct Index {
    fs::path folder;
    fs::file_time_type written;
};

fs::file_time_type last_write_in(const fs::path& folder) {
    auto last = fs::last_write_time(folder);
    for (const auto& entry : fs::recursive_directory_iterator(folder))
        last = std::max(last, entry.last_write_time());
    return last;
}

/// Folders of a Maildir that hold nothing but messages are not looked into.
bool holds_messages(const fs::path& folder) {
    const auto name = folder.filename();
    return name == "cur" || name == "new" || name == "tmp";
}

std::vector<Index> indexes_below(const fs::path& mail) {
    std::vector<Index> indexes;
    if (!fs::exists(mail))
        return indexes;
    for (fs::recursive_directory_iterator entry(mail), end; entry != end; ++entry) {
        if (entry->is_symlink() || !entry->is_directory())
            continue;
        const bool is_index = entry->path().filename() == "fts-flatcurve";
        if (is_index)
            indexes.push_back({entry->path(), last_write_in(entry->path())});
        if (is_index || holds_messages(entry->path()))
            entry.disable_recursion_pending();
    }
    return indexes;
}

} // namespace

void note_indexes_whole(const fs::path& mail, const fs::path& clean) {
    sync_file_system(mail);
    replace_file(clean, "", {.mode = 0600});
}

std::size_t drop_damaged_indexes(const fs::path& mail, const fs::path& clean) {
    if (fs::remove(clean)) {
        sync_file_system(clean.parent_path());
        return 0;
    }
    auto indexes = indexes_below(mail);
    const auto last = std::max_element(indexes.begin(), indexes.end(),
                                       [](const auto& a, const auto& b) { return a.written < b.written; });
    if (last == indexes.end())
        return 0;
    const auto whole_before = last->written - kept_back;
    std::erase_if(indexes, [&](const Index& index) { return index.written < whole_before; });
    for (const auto& index : indexes)
        fs::remove_all(index.folder);
    return indexes.size();
}

} // namespace vectis::state
