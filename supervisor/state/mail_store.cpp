#include "state/mail_store.hpp"

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

struct Found {
    std::vector<Index> indexes;
    std::vector<fs::path> locks;
};

Found look_below(const fs::path& mail) {
    Found found;
    if (!fs::exists(mail))
        return found;
    for (fs::recursive_directory_iterator entry(mail), end; entry != end; ++entry) {
        const fs::path& path = entry->path();
        if (path.filename() == "dovecot-uidlist.lock")
            found.locks.push_back(path);
        if (entry->is_symlink() || !entry->is_directory())
            continue;
        const bool is_index = path.filename() == "fts-flatcurve";
        if (is_index)
            found.indexes.push_back({path, last_write_in(path)});
        if (is_index || holds_messages(path))
            entry.disable_recursion_pending();
    }
    return found;
}

/// There while a recovery is under way: systemd says that Dovecot has stopped when that was stopped, too.
fs::path under_way(const fs::path& clean) {
    return clean.string() + ".recovering";
}

} // namespace

void note_mail_store_whole(const fs::path& mail, const fs::path& clean) {
    if (fs::exists(under_way(clean)))
        return;
    sync_file_system(mail);
    replace_file(clean, "", {.mode = 0600});
}

Recovered recover_mail_store(const fs::path& mail, const fs::path& clean) {
    if (fs::remove(clean)) {
        sync_file_system(clean.parent_path());
        return {};
    }
    replace_file(under_way(clean), "", {.mode = 0600});
    auto [indexes, locks] = look_below(mail);
    const auto last = std::max_element(indexes.begin(), indexes.end(),
                                       [](const auto& a, const auto& b) { return a.written < b.written; });
    if (last != indexes.end()) {
        const auto whole_before = last->written - kept_back;
        std::erase_if(indexes, [&](const Index& index) { return index.written < whole_before; });
    }
    for (const auto& index : indexes)
        fs::remove_all(index.folder);
    for (const auto& lock : locks)
        fs::remove(lock);
    fs::remove(under_way(clean));
    return {.indexes = indexes.size(), .locks = locks.size()};
}

} // namespace vectis::state
