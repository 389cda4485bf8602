// The conversation of poppassd, in which webmail changes a password: user, pass, newpass, quit, each answered with one
// line. Roundcube's driver shows people what stands behind a 500. One attempt a conversation: after any refusal it is
// over.
#pragma once

#include <functional>
#include <optional>
#include <string>

namespace vectis::accounts {

class PasswordDialogue {
  public:
    /// The mailbox's address if user and password go together; Error(unavailable) if that cannot be told.
    using Verify = std::function<std::optional<std::string>(const std::string& user, const std::string& password)>;
    /// Puts a hash in force for an address, durably: when it returns, 200 is said.
    using Set = std::function<void(const std::string& address, const std::string& hash)>;

    /// Longer lines need not be kept: they are refused.
    static constexpr std::size_t longest_line = 4096;

    PasswordDialogue(Verify verify, Set set) : verify_(std::move(verify)), set_(std::move(set)) {}

    [[nodiscard]] static std::string greeting();
    /// The answer to a line (which comes without its break), without a break. Never throws for what a client sends.
    [[nodiscard]] std::string answer(const std::string& line);
    /// What to say to a line longer than longest_line.
    [[nodiscard]] std::string answer_to_endless_line();
    /// No further line is wanted.
    [[nodiscard]] bool over() const { return over_; }

  private:
    [[nodiscard]] std::string refuse(const std::string& why);
    [[nodiscard]] std::string user(const std::string& name);
    [[nodiscard]] std::string pass(const std::string& password);
    [[nodiscard]] std::string newpass(const std::string& password);

    Verify verify_;
    Set set_;
    std::string user_;
    std::string old_;
    std::optional<std::string> address_; // once the old password was right
    bool over_ = false;
};

} // namespace vectis::accounts
