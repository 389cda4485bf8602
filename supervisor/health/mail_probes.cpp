// Probes that send whole messages: submission, signing, spam, delivery. Each removes what it has sent.
#include "base/text.hpp"
#include "health/dkim_verify.hpp"
#include "health/letter.hpp"
#include "health/probes.hpp"

#include <fmt/format.h>

namespace vectis::health {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr seconds whole{25};    // for a probe, before systemd ends it
constexpr seconds delivery{15}; // from the end of DATA to the mailbox

// https://spamassassin.apache.org/gtube/: every spam filter refuses it. Written in two parts, so that nobody takes this
// for one.
const std::string gtube = std::string("XJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE") + "-TEST-EMAIL*C.34X\r\n";
// A line that starts with a dot, one that ends in blanks, one that begins with From: what careless software changes.
const std::string ham = "This message proves that mail works here. It is removed at once.\r\n"
                        "\r\n"
                        ".a line with a dot\r\n"
                        "a line with blanks at its end  \r\n"
                        "From the beginning of a line\r\n";

milliseconds since(Deadline start) {
    return std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now() - start);
}

std::string body_of(const std::string& message) {
    const auto end = message.find("\r\n\r\n");
    return end == std::string::npos ? "" : message.substr(end + 4);
}

/// Both of the host's signatures, judged by the public halves of the key files.
std::string check_signatures(const Facts& facts, const std::string& message) {
    const auto signatures =
        verify_dkim(message, [&](const std::string& domain, const std::string& selector) -> std::optional<std::string> {
            const auto record = facts.records.find(selector);
            if (domain != facts.hostname || record == facts.records.end() || record->second.empty())
                return std::nullopt;
            return record->second;
        });
    std::vector<std::string> seen;
    std::vector<std::string> missing;
    for (const auto& signature : signatures)
        seen.push_back(fmt::format("{} {}._domainkey.{}: {}", printable(signature.algorithm),
                                   printable(signature.selector), printable(signature.domain),
                                   signature.valid ? "valid" : signature.why));
    for (const auto* algorithm : {"rsa-sha256", "ed25519-sha256"}) {
        const bool valid = std::any_of(signatures.begin(), signatures.end(), [&](const DkimSignature& each) {
            return each.valid && each.domain == facts.hostname && each.algorithm == algorithm;
        });
        if (!valid)
            missing.emplace_back(algorithm);
    }
    if (!missing.empty())
        throw red(fmt::format("no valid DKIM signature {} of {}; seen: {}", join(missing, " and "), facts.hostname,
                              seen.empty() ? "none at all" : join(seen, "; ")));
    return "signed with rsa-sha256 and ed25519-sha256";
}

/// Sends the letter and waits for it to arrive.
std::pair<Delivered, milliseconds> send(Smtp& smtp, Imap& imap, const Letter& letter) {
    if (const Reply reply = smtp.data(letter.text); reply.code != 250)
        throw red(fmt::format("an ordinary message was answered with '{}' at {}, expected 250", reply.text(),
                              smtp.connection().peer().text()));
    const Deadline start = std::chrono::steady_clock::now();
    auto delivered = take(imap, letter, start + delivery);
    if (!delivered)
        throw red(fmt::format("a message accepted at {} was in neither INBOX nor Junk after {} s; "
                              "`postqueue -p` and `vectis logs postfix` say where it is",
                              smtp.connection().peer().text(), delivery.count()));
    return {*std::move(delivered), since(start)};
}

/// GTUBE has to be refused for good at the end of DATA. What is accepted against all expectation is removed again.
std::string refuse_gtube(const Facts& facts, Smtp& smtp, Imap& imap, const std::string& envelope_sender) {
    const Letter letter = write_letter(facts, facts.mailbox, gtube);
    address(smtp, envelope_sender, facts.mailbox);
    const Reply reply = smtp.data(letter.text);
    if (reply.positive())
        static_cast<void>(take(imap, letter, in(seconds(5))));
    if (!reply.permanent())
        throw red(fmt::format("GTUBE was answered with '{}' at {}, expected 5xx: spam is not refused", reply.text(),
                              smtp.connection().peer().text()));
    return reply.text();
}

} // namespace

std::string probe_mail(const Facts& facts) {
    Imap imap = open_mailbox(facts, in(whole));
    Smtp smtp = open_submission(facts, in(whole));
    const Letter letter = write_letter(facts, facts.mailbox, ham);
    address(smtp, facts.mailbox, facts.mailbox);
    const auto [delivered, took] = send(smtp, imap, letter);
    smtp.quit();
    sweep(imap);
    imap.logout();
    if (body_of(delivered.text) != letter.body)
        throw red(fmt::format("the body changed on its way: sent '{}', read '{}'", printable(letter.body),
                              printable(body_of(delivered.text).substr(0, 500))));
    if (delivered.folder != "INBOX")
        throw red(fmt::format("a message to oneself was filed into {}, expected INBOX", delivered.folder));
    return fmt::format("submitted at port {}, in INBOX after {} ms, {}", smtp.connection().peer().port, took.count(),
                       check_signatures(facts, delivered.text));
}

std::string probe_gtube(const Facts& facts) {
    Imap imap = open_mailbox(facts, in(whole));
    Smtp stranger({facts.address, 25, facts.client}, Smtp::Tls::none, facts.hostname, "probe.vectis.invalid",
                  in(whole));
    const std::string answer = refuse_gtube(facts, stranger, imap, "");
    stranger.quit();
    // Over one session: what refuses GTUBE is the filter, not the state of the server.
    Smtp user = open_submission(facts, in(whole));
    refuse_gtube(facts, user, imap, facts.mailbox);
    address(user, facts.mailbox, facts.mailbox);
    const auto took = send(user, imap, write_letter(facts, facts.mailbox, ham)).second;
    user.quit();
    imap.logout();
    return fmt::format("GTUBE refused ('{}'), ham in the mailbox after {} ms", answer, took.count());
}

std::string probe_delivery(const Facts& facts) {
    Imap imap = open_mailbox(facts, in(whole));
    Smtp smtp({facts.address, 25, facts.client}, Smtp::Tls::starttls, facts.hostname, "probe.vectis.invalid",
              in(whole));
    const Letter letter = write_letter(facts, "probe@vectis.invalid", ham);
    address(smtp, "", facts.mailbox);
    const auto [delivered, took] = send(smtp, imap, letter);
    smtp.quit();
    imap.logout();
    if (body_of(delivered.text) != letter.body)
        throw red(fmt::format("the body changed on its way: sent '{}', read '{}'", printable(letter.body),
                              printable(body_of(delivered.text).substr(0, 500))));
    return fmt::format("accepted at port 25, in {} after {} ms", delivered.folder, took.count());
}

} // namespace vectis::health
