#include "installer/listeners.hpp"

#include "base/error.hpp"
#include "base/file.hpp"
#include "base/text.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cstring>
#include <map>

namespace vectis::installer {

namespace {

struct Table {
    const char* path;
    bool ipv6;
    bool udp;
};
constexpr std::array tables{Table{"/proc/net/tcp", false, false}, Table{"/proc/net/tcp6", true, false},
                            Table{"/proc/net/udp", false, true}, Table{"/proc/net/udp6", true, true}};

struct Owner {
    int pid = 0;
    std::string process;
    std::string unit;
};

template<typename Number>
bool read_number(std::string_view text, Number& number, int base) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, base);
    return error == std::errc{} && end == text.data() + text.size();
}

/// The kernel prints an address as words of 32 bits in the order of the machine's memory.
std::string address_text(std::string_view hexadecimal, bool ipv6) {
    std::array<std::uint32_t, 4> words{};
    const std::size_t count = ipv6 ? 4 : 1;
    if (hexadecimal.size() != 8 * count)
        return {};
    for (std::size_t i = 0; i < count; ++i) {
        if (!read_number(hexadecimal.substr(8 * i, 8), words.at(i), 16))
            return {};
    }
    std::array<char, INET6_ADDRSTRLEN> text{};
    inet_ntop(ipv6 ? AF_INET6 : AF_INET, words.data(), text.data(), text.size());
    return text.data();
}

std::vector<std::string_view> words_of(std::string_view line) {
    std::vector<std::string_view> words;
    for (std::size_t start = line.find_first_not_of(' '); start != std::string_view::npos;) {
        const std::size_t end = std::min(line.find(' ', start), line.size());
        words.push_back(line.substr(start, end - start));
        start = line.find_first_not_of(' ', end);
    }
    return words;
}

Owner owner_of(const fs::path& process) {
    Owner owner;
    read_number(process.filename().string(), owner.pid, 10);
    owner.process = printable(trim(read_file(process / "comm").value_or("")));
    owner.unit = unit_of(read_file(process / "cgroup").value_or(""));
    return owner;
}

/// inode of a socket -> its process. Processes that end meanwhile, and those we may not look into, are left out.
std::map<std::uint64_t, Owner> owners() {
    std::map<std::uint64_t, Owner> found;
    std::error_code ignored;
    for (const auto& process : fs::directory_iterator("/proc", ignored)) {
        int pid = 0;
        if (!read_number(process.path().filename().string(), pid, 10))
            continue;
        std::error_code closed;
        for (fs::directory_iterator each(process.path() / "fd", closed), end; !closed && each != end;
             each.increment(closed)) {
            std::error_code gone;
            const std::string target = fs::read_symlink(each->path(), gone).string();
            std::uint64_t inode = 0;
            if (gone || !target.starts_with("socket:[") || !target.ends_with("]") ||
                !read_number(std::string_view(target).substr(8, target.size() - 9), inode, 10) || found.contains(inode))
                continue;
            try {
                found.emplace(inode, owner_of(process.path()));
            } catch (const Error&) {
                break; // the process has just ended
            }
        }
    }
    return found;
}

} // namespace

std::vector<SocketRow> waiting_sockets(std::string_view table, bool ipv6, bool udp) {
    // Of TCP the state LISTEN; an unconnected UDP socket has the state CLOSE.
    const std::string_view waiting = udp ? "07" : "0A";
    std::vector<SocketRow> rows;
    for (const auto& line : split(table, '\n')) {
        const auto words = words_of(line);
        if (words.size() < 10 || words[3] != waiting)
            continue;
        const auto colon = words[1].find(':');
        SocketRow row;
        if (colon == std::string_view::npos || !read_number(words[1].substr(colon + 1), row.port, 16) ||
            !read_number(words[9], row.inode, 10))
            continue;
        row.address = address_text(words[1].substr(0, colon), ipv6);
        if (!row.address.empty())
            rows.push_back(row);
    }
    return rows;
}

std::string unit_of(std::string_view cgroup) {
    for (const auto& line : split(cgroup, '\n')) {
        // The innermost part that is a unit: a service may have control groups of its own below it.
        const auto parts = split(line, '/');
        for (auto each = parts.rbegin(); each != parts.rend(); ++each) {
            if (each->ends_with(".service") || each->ends_with(".scope"))
                return *each;
        }
    }
    return {};
}

std::vector<Listener> listeners() {
    const auto known = owners();
    std::vector<Listener> found;
    for (const auto& table : tables) {
        for (const auto& row : waiting_sockets(read_file(table.path).value_or(""), table.ipv6, table.udp)) {
            Listener listener{.port = row.port, .udp = table.udp, .address = row.address};
            if (const auto owner = known.find(row.inode); owner != known.end()) {
                listener.process = owner->second.process;
                listener.pid = owner->second.pid;
                listener.unit = owner->second.unit;
            }
            found.push_back(std::move(listener));
        }
    }
    return found;
}

} // namespace vectis::installer
