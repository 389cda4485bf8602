#include "systemd/journal.hpp"

#include "base/error.hpp"
#include "base/text.hpp"
#include "base/unique_fd.hpp"

#include <fmt/format.h>
#include <sys/eventfd.h>
#include <sys/uio.h>
#include <systemd/sd-journal.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <poll.h>
#include <pwd.h>

namespace vectis::systemd {

namespace {

using Journal = std::unique_ptr<sd_journal, decltype(&sd_journal_close)>;

void check(int result, const char* what) {
    if (result < 0)
        throw system_error(-result, what, "members of the group systemd-journal and root may read it");
}

Journal open_journal() {
    sd_journal* raw = nullptr;
    check(sd_journal_open(&raw, SD_JOURNAL_LOCAL_ONLY), "cannot open the journal");
    return {raw, &sd_journal_close};
}

/// What `journalctl -u` shows: the unit's own lines, systemd's about it, and crashes.
void select(const Journal& journal, const std::string& unit) {
    const auto group = [&](const std::vector<std::string>& fields) {
        for (const auto& field : fields)
            check(sd_journal_add_match(journal.get(), field.data(), field.size()), "cannot search the journal");
        check(sd_journal_add_disjunction(journal.get()), "cannot search the journal");
    };
    group({"_SYSTEMD_UNIT=" + unit});
    group({"_PID=1", "UNIT=" + unit});
    group({"_UID=0", "OBJECT_SYSTEMD_UNIT=" + unit});
    group({"_UID=0", "COREDUMP_UNIT=" + unit});
}

void select(const Journal& journal, const Writer& writer) {
    std::vector<char> text(16384);
    passwd entry{};
    passwd* found = nullptr;
    if (getpwnam_r(writer.user.c_str(), &entry, text.data(), text.size(), &found) != 0 || found == nullptr)
        throw Error(Code::not_found, fmt::format("cannot find user '{}'", writer.user));
    for (const auto& field :
         {fmt::format("_UID={}", entry.pw_uid), fmt::format("SYSLOG_IDENTIFIER={}", writer.identifier)})
        check(sd_journal_add_match(journal.get(), field.data(), field.size()), "cannot search the journal");
    check(sd_journal_add_disjunction(journal.get()), "cannot search the journal");
}

std::string field(const Journal& journal, const std::string& name) {
    const void* data = nullptr;
    std::size_t size = 0;
    if (sd_journal_get_data(journal.get(), name.c_str(), &data, &size) < 0)
        return {};
    const std::string_view text(static_cast<const char*>(data), size);
    return std::string(text.substr(std::min(text.size(), name.size() + 1)));
}

std::uint32_t number(const std::string& text) {
    std::uint32_t value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
}

Entry entry_here(const Journal& journal) {
    Entry entry;
    std::uint64_t microseconds = 0;
    check(sd_journal_get_realtime_usec(journal.get(), &microseconds), "cannot read the journal");
    entry.time = Time(std::chrono::milliseconds(microseconds / 1000));
    entry.identifier = field(journal, "SYSLOG_IDENTIFIER");
    if (entry.identifier.empty())
        entry.identifier = field(journal, "_COMM");
    std::string pid = field(journal, "SYSLOG_PID");
    if (pid.empty())
        pid = field(journal, "_PID");
    entry.pid = number(pid);
    if (const std::string level = field(journal, "PRIORITY"); !level.empty())
        entry.priority = static_cast<Priority>(std::min(number(level), 7U));
    entry.message = field(journal, "MESSAGE");
    return entry;
}

/// Waits for entries that are new, or for `stop`.
class MoreEntries {
  public:
    MoreEntries(const Journal& journal, const std::stop_token& stop) :
        journal_(journal), wake_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)), fd_(sd_journal_get_fd(journal.get())),
        on_stop_(stop, Wake{wake_.get()}) {
        if (!wake_)
            throw system_error(errno, "cannot make an event");
        check(fd_, "cannot follow the journal");
    }

    void wait() {
        std::array<pollfd, 2> waits{pollfd{fd_, static_cast<short>(sd_journal_get_events(journal_.get())), 0},
                                    pollfd{wake_.get(), POLLIN, 0}};
        if (poll(waits.data(), waits.size(), -1) < 0 && errno != EINTR)
            throw system_error(errno, "cannot wait for the journal");
        check(sd_journal_process(journal_.get()), "cannot read the journal");
    }

  private:
    struct Wake {
        int fd;
        void operator()() const { eventfd_write(fd, 1); }
    };

    const Journal& journal_;
    UniqueFd wake_;
    int fd_;
    std::stop_callback<Wake> on_stop_;
};

/// No entry is older than the epoch, and a time that is far before it would overflow.
std::uint64_t usec(Time time) {
    return static_cast<std::uint64_t>(std::chrono::microseconds(std::max(time, Time()).time_since_epoch()).count());
}

} // namespace

std::string Entry::text() const {
    const std::string who = pid == 0 ? identifier : fmt::format("{}[{}]", identifier, pid);
    return fmt::format("{} {}: {}", rfc3339(time), printable(who), printable(message));
}

std::string_view text(Priority priority) {
    constexpr std::array<std::string_view, 8> names{"emergency", "alert",  "critical", "error",
                                                    "warning",   "notice", "info",     "debug"};
    return names.at(static_cast<std::size_t>(priority));
}

std::vector<Entry> tail(const std::vector<std::string>& units, std::size_t lines, std::optional<Time> since) {
    const Journal journal = open_journal();
    for (const auto& unit : units)
        select(journal, unit);
    check(sd_journal_seek_tail(journal.get()), "cannot read the journal");
    std::vector<Entry> entries;
    while (entries.size() < lines) {
        const int more = sd_journal_previous(journal.get());
        check(more, "cannot read the journal");
        if (more == 0)
            break;
        Entry entry = entry_here(journal);
        if (since && entry.time < *since)
            break;
        entries.push_back(std::move(entry));
    }
    std::reverse(entries.begin(), entries.end());
    return entries;
}

void read(const std::vector<std::string>& units, Time since, bool follow, const std::stop_token& stop,
          const std::function<bool(const Entry&)>& take) {
    const Journal journal = open_journal();
    for (const auto& unit : units)
        select(journal, unit);
    check(sd_journal_seek_realtime_usec(journal.get(), usec(since)), "cannot read the journal");

    std::optional<MoreEntries> more_entries;
    if (follow)
        more_entries.emplace(journal, stop);
    while (!stop.stop_requested()) {
        const int more = sd_journal_next(journal.get());
        check(more, "cannot read the journal");
        if (more > 0) {
            if (!take(entry_here(journal)))
                return;
            continue;
        }
        if (!more_entries)
            return;
        more_entries->wait();
    }
}

void follow(const std::vector<std::string>& units, const std::vector<Writer>& writers, const std::string& cursor,
            const std::stop_token& stop,
            const std::function<void(const std::vector<Entry>& entries, const std::string& cursor)>& take,
            const std::function<void()>& at_end) {
    constexpr std::size_t most_at_once = 500;
    const Journal journal = open_journal();
    for (const auto& unit : units)
        select(journal, unit);
    for (const auto& writer : writers)
        select(journal, writer);
    const auto place = [&journal] {
        char* raw = nullptr;
        check(sd_journal_get_cursor(journal.get(), &raw), "cannot read the journal");
        return std::string(std::unique_ptr<char, decltype(&std::free)>(raw, &std::free).get());
    };
    bool at_place = false; // the next step is to the entry that `cursor` names, which was taken
    if (cursor.empty()) {
        // After the last one there is: the end itself has no place of its own.
        check(sd_journal_seek_tail(journal.get()), "cannot read the journal");
        const int found = sd_journal_previous(journal.get());
        check(found, "cannot read the journal");
        if (found > 0)
            take({}, place());
    } else {
        check(sd_journal_seek_cursor(journal.get(), cursor.c_str()), "cannot go on in the journal");
        at_place = true;
    }
    MoreEntries more_entries(journal, stop);
    bool end_was_told = false;
    while (!stop.stop_requested()) {
        std::vector<Entry> entries;
        while (entries.size() < most_at_once) {
            const int more = sd_journal_next(journal.get());
            check(more, "cannot read the journal");
            if (more == 0)
                break;
            if (std::exchange(at_place, false) && sd_journal_test_cursor(journal.get(), cursor.c_str()) > 0)
                continue;
            entries.push_back(entry_here(journal));
        }
        if (!entries.empty()) {
            take(entries, place());
            continue;
        }
        if (!std::exchange(end_was_told, true))
            at_end();
        more_entries.wait();
    }
}

void log(Priority priority, std::string_view message,
         const std::vector<std::pair<std::string, std::string>>& fields) noexcept {
    try {
        std::vector<std::string> lines{fmt::format("MESSAGE={}", message),
                                       fmt::format("PRIORITY={}", static_cast<int>(priority)),
                                       "SYSLOG_IDENTIFIER=vectis"};
        for (const auto& [name, value] : fields)
            lines.push_back(fmt::format("{}={}", name, value));
        std::vector<iovec> parts;
        for (auto& line : lines)
            parts.push_back({line.data(), line.size()});
        if (sd_journal_sendv(parts.data(), static_cast<int>(parts.size())) < 0)
            std::fprintf(stderr, "%s\n", printable(message).c_str());
    } catch (...) {
        // Out of memory: a lost log line is the least of it.
    }
}

} // namespace vectis::systemd
