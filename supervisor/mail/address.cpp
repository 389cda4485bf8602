#include "mail/address.hpp"

#include "base/text.hpp"
#include "config/kinds.hpp"
#include "mail/letters.hpp"

#include <fmt/format.h>

#include <cstdint>
#include <utility>

namespace vectis::mail {

namespace {

/// Reads a list from its start to its end, or to its first fault.
class ListReader {
  public:
    explicit ListReader(std::string_view text) : rest_(text) {}

    AddressList read() && {
        skip_blanks();
        for (bool more = !rest_.empty(); more && list_.fault.empty();) {
            skip_blanks();
            if (!(in_group_ && next_is(';')) && member() == Member::group)
                continue;
            skip_blanks();
            if (in_group_ && take(';')) {
                in_group_ = false;
                skip_blanks();
            }
            more = take(',');
            if (!more && !rest_.empty())
                fail(fmt::format("found '{}', expected a comma", shown_rest()));
        }
        if (in_group_)
            fail("a group has no ';' at its end");
        if (!list_.fault.empty())
            list_.emails.clear();
        return std::move(list_);
    }

  private:
    enum class Member : std::uint8_t { mailbox, group };

    [[nodiscard]] bool next_is(char wanted) const { return !rest_.empty() && rest_.front() == wanted; }
    bool take(char wanted) {
        if (!next_is(wanted))
            return false;
        rest_.remove_prefix(1);
        return true;
    }
    void fail(std::string what, std::string hint = {}) {
        if (list_.fault.empty()) {
            list_.fault = std::move(what);
            list_.hint = std::move(hint);
        }
        rest_ = {};
    }
    [[nodiscard]] std::string shown_rest() const { return config::shown(rest_); }

    /// Blanks and comments; these nest.
    void skip_blanks() {
        std::size_t depth = 0;
        while (!rest_.empty()) {
            const char each = rest_.front();
            if (each == '(')
                ++depth;
            else if (each == ')' && depth > 0)
                --depth;
            else if (depth > 0 && each == '\\' && rest_.size() > 1)
                rest_.remove_prefix(1);
            else if (depth == 0 && each != ' ' && each != '\t')
                return;
            rest_.remove_prefix(1);
        }
        if (depth > 0)
            fail("a comment has no ')' at its end");
    }

    /// A text and its quotes, the first of which is next.
    std::string_view quoted() {
        const auto start = rest_;
        rest_.remove_prefix(1);
        while (!rest_.empty() && !next_is('"'))
            rest_.remove_prefix(next_is('\\') && rest_.size() > 1 ? 2 : 1);
        if (!take('"'))
            fail("a name has no '\"' at its end");
        return start.substr(0, start.size() - rest_.size());
    }

    /// Letters that need no quotes, and dots: those stand in many names though they should not.
    std::string_view atoms() {
        std::size_t size = 0;
        while (size < rest_.size() && (is_atext(rest_[size]) || rest_[size] == '.'))
            ++size;
        const auto run = rest_.substr(0, size);
        rest_.remove_prefix(size);
        return run;
    }

    /// name <address>, a bare address, or the name of a group and its colon.
    Member member() {
        std::size_t words = 0;
        std::string_view last; // the word that ends where the rest begins; empty behind a blank
        for (;;) {
            last = next_is('"') ? quoted() : atoms();
            if (last.empty())
                break;
            ++words;
            if (next_is('@'))
                break;
            skip_blanks();
        }
        if (take('<')) {
            const auto end = rest_.find('>');
            if (end == std::string_view::npos) {
                fail("an address has no '>' at its end");
            } else {
                const auto email = rest_.substr(0, end);
                rest_.remove_prefix(end + 1);
                add(std::string(email));
            }
        } else if (words == 1 && !last.empty() && take('@')) {
            add(fmt::format("{}@{}", last, atoms()));
        } else if (next_is(':') && words > 0 && !in_group_) {
            rest_.remove_prefix(1);
            in_group_ = true;
            list_.has_group = true;
            return Member::group;
        } else {
            fail(fmt::format("found '{}', expected an address", shown_rest()),
                 "write name <address>, the name in quotes unless it is letters, digits and blanks");
        }
        return Member::mailbox;
    }

    void add(const std::string& email) {
        if (auto problem = address_fault(email))
            fail(std::move(problem->what), std::move(problem->hint));
        else
            list_.emails.push_back(envelope_address(email));
    }

    std::string_view rest_;
    AddressList list_;
    bool in_group_ = false;
};

} // namespace

std::optional<Problem> address_fault(const std::string& email) {
    const auto problem = [](std::string what, std::string hint) {
        return Problem{.where = {}, .path = {}, .what = std::move(what), .hint = std::move(hint)};
    };
    const std::string local(config::local_part_of(email));
    const bool readable = is_utf8(email) && !has_control(email);
    if (readable && local != email && !is_printable_ascii(local))
        return problem(fmt::format("'{}' has other letters than ASCII before the @", config::shown(email)),
                       "the next mail server may not take them (SMTPUTF8, RFC 6531); use an address in ASCII");
    if (readable && local.starts_with('"'))
        return problem(fmt::format("'{}' has quotes before the @", config::shown(email)),
                       "use an address that needs no quotes");
    config::Field row;
    row.kind = config::Kind::address;
    auto parsed = config::parse(row, {email, true});
    if (parsed.value)
        return std::nullopt;
    if (parsed.fault.empty())
        parsed.fault = fmt::format("found '{}', expected {}", config::shown(email), config::expected(row));
    return problem(std::move(parsed.fault), std::move(parsed.hint));
}

std::string envelope_address(const std::string& email) {
    return fmt::format("{}@{}", config::local_part_of(email), lower_ascii(config::domain_of(email)));
}

AddressList parse_address_list(std::string_view value) {
    return ListReader(value).read();
}

} // namespace vectis::mail
