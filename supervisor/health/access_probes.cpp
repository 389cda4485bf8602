// Probes of who may do what: strangers, local processes, wrong passwords; and of the certificate they are shown.
#include "base/clock.hpp"
#include "base/random.hpp"
#include "base/text.hpp"
#include "health/letter.hpp"
#include "health/probes.hpp"
#include "keys/certificate.hpp"
#include "keys/openssl.hpp"

#include <fmt/format.h>
#include <openssl/pem.h>

#include <algorithm>
#include <future>

namespace vectis::health {

namespace {

using std::chrono::seconds;

constexpr seconds session_limit{15};
const std::string helo = "probe.vectis.invalid";
// RFC 2606: a name that exists, belongs to nobody and takes no mail. Nothing is ever sent: RCPT is the last word.
const std::string foreign = "probe@example.com";

/// RCPT must be refused for good.
std::string refused(Smtp& smtp, const std::string& recipient, const std::string& expected) {
    const Reply reply = smtp.command(fmt::format("RCPT TO:<{}>", recipient));
    if (!reply.permanent())
        throw red(fmt::format("RCPT TO:<{}> without authentication was answered with '{}' at {} (from {}), expected {}",
                              recipient, reply.text(), smtp.connection().peer().text(),
                              smtp.connection().peer().source.empty() ? "this host" : smtp.connection().peer().source,
                              expected));
    return reply.text();
}

/// Every way to ask for relaying that has once worked somewhere: a plain foreign address, the percent hack, a source
/// route and a quoted one; with no sender and with a sender of ours. Each sender has a session of its own: after five
/// refusals (smtpd_soft_error_limit) Postfix lets every answer wait.
std::string refuses_relaying(const Facts& facts, const Peer& peer, Smtp::Tls tls) {
    std::string answer;
    const auto at = foreign.find('@');
    for (const auto& sender : {std::string(), facts.mailbox}) {
        Smtp smtp(peer, tls, facts.hostname, helo, in(session_limit));
        if (const Reply reply = smtp.command(fmt::format("MAIL FROM:<{}>", sender)); reply.code == 530)
            return reply.text(); // no mail at all without authentication
        for (const auto& recipient :
             {foreign, fmt::format("{}%{}@{}", foreign.substr(0, at), foreign.substr(at + 1), facts.hostname),
              fmt::format("@{}:{}", facts.hostname, foreign), fmt::format("\"{}\"@{}", foreign, facts.hostname)}) {
            const std::string said = refused(smtp, recipient, "5xx: this server is an open relay");
            if (answer.empty())
                answer = said;
        }
        smtp.quit();
    }
    return answer;
}

void expect_refused_login(const std::string& where, bool refused, const std::string& answer,
                          std::string_view expected) {
    if (!refused)
        throw red(fmt::format("a wrong password at {} was answered with '{}', expected {}", where, answer, expected));
}

/// The first certificate of a PEM text in one certain form, so that two can be compared.
std::string normal(const std::string& pem) {
    const keys::Bio in = keys::reader(pem);
    const keys::Certificate certificate(PEM_read_bio_X509(in.get(), nullptr, nullptr, nullptr));
    const keys::Bio out(BIO_new(BIO_s_mem()));
    if (certificate == nullptr || PEM_write_bio_X509(out.get(), certificate.get()) != 1)
        throw red("the configured certificate cannot be read");
    return keys::written(out.get());
}

enum class Speaks : std::uint8_t { smtp, imap, http };

struct Port {
    std::uint16_t number;
    Speaks speaks;
    Smtp::Tls tls;
};

std::string shown(const Facts& facts, const Port& port) {
    const Peer peer{facts.address, port.number, facts.client};
    if (port.speaks == Speaks::imap)
        return Imap(peer, facts.hostname, in(session_limit)).connection().certificate();
    if (port.speaks == Speaks::http) {
        Connection connection(peer, in(session_limit));
        connection.start_tls(facts.hostname);
        return connection.certificate();
    }
    Smtp smtp(peer, port.tls, facts.hostname, helo, in(session_limit));
    std::string pem = smtp.connection().certificate();
    smtp.quit();
    return pem;
}

} // namespace

std::string probe_inbound(const Facts& facts) {
    Smtp smtp({facts.address, 25, facts.client}, Smtp::Tls::starttls, facts.hostname, helo, in(session_limit));
    if (smtp.offers("AUTH"))
        throw red("port 25 offers AUTH, expected it only at the submission ports");
    address(smtp, "", facts.mailbox);
    const std::string nobody = fmt::format("vectis-nobody-{}@{}", random_hex(6), facts.hostname);
    const Reply reply = smtp.command(fmt::format("RCPT TO:<{}>", nobody));
    if (reply.code != 550)
        throw red(
            fmt::format("RCPT TO:<{}>, whom there is not, was answered with '{}', expected 550", nobody, reply.text()));
    static_cast<void>(smtp.command("RSET"));
    smtp.quit();
    return fmt::format("STARTTLS, a mailbox is accepted, an unknown one refused ('{}')", reply.text());
}

std::string probe_relay(const Facts& facts) {
    const std::string answer = refuses_relaying(facts, {facts.address, 25, facts.client}, Smtp::Tls::none);
    std::string ports = "25";
    if (facts.submission) {
        refuses_relaying(facts, {facts.address, 587, facts.client}, Smtp::Tls::starttls);
        ports += " and 587";
    }
    return fmt::format("refused at {} ('{}')", ports, answer);
}

std::string probe_relay_local(const Facts& facts) {
    std::string answer;
    std::vector<std::string> tried;
    for (const auto& address :
         {std::string(facts.address.find(':') == std::string::npos ? "127.0.0.1" : "::1"), facts.address}) {
        answer = refuses_relaying(facts, {address, 25, ""}, Smtp::Tls::none);
        tried.push_back(address);
    }
    return fmt::format("refused to local processes at {} ('{}')", join(tried, " and "), answer);
}

std::string probe_passwords(const Facts& facts) {
    const std::string wrong = "not-the-password";
    const auto port = static_cast<std::uint16_t>(facts.submission ? 587 : 465);
    auto imap = std::async(std::launch::async, [&] {
        Imap session({facts.address, 993, facts.wrong_clients.imap}, facts.hostname, in(session_limit));
        return session.login(facts.mailbox, wrong);
    });
    Smtp smtp({facts.address, port, facts.wrong_clients.smtp},
              facts.submission ? Smtp::Tls::starttls : Smtp::Tls::wrapper, facts.hostname, helo, in(session_limit));
    const Reply reply = smtp.authenticate(facts.mailbox, wrong);
    smtp.quit();
    expect_refused_login(fmt::format("port {}", port), reply.code == 535, reply.text(), "535");
    const std::string answer = imap.get();
    expect_refused_login("port 993", answer.starts_with("NO"), answer.empty() ? "OK" : answer, "NO");
    // The right one is let in: it was the password that was wrong.
    Imap session({facts.address, 993, facts.client}, facts.hostname, in(session_limit));
    if (const std::string said = session.login(facts.mailbox, facts.password); !said.empty())
        throw red(fmt::format("the right password was answered with '{}' at port 993, expected OK", said));
    session.logout();
    return fmt::format("refused at {} ('{}') and 993 ('{}')", port, reply.text(), answer);
}

std::string probe_certificate(const Facts& facts) {
    const std::string configured = normal(facts.certificate);
    const auto certificate = keys::certificate_info(configured);
    std::vector<Port> ports{{25, Speaks::smtp, Smtp::Tls::starttls}};
    if (facts.submission)
        ports.push_back({587, Speaks::smtp, Smtp::Tls::starttls});
    if (facts.submissions)
        ports.push_back({465, Speaks::smtp, Smtp::Tls::wrapper});
    if (facts.imap)
        ports.push_back({993, Speaks::imap, Smtp::Tls::wrapper});
    ports.push_back({443, Speaks::http, Smtp::Tls::wrapper});
    std::vector<std::string> names;
    for (const auto& port : ports) {
        names.push_back(std::to_string(port.number));
        const std::string seen = shown(facts, port);
        if (normal(seen) == configured)
            continue;
        const auto other = keys::certificate_info(seen);
        throw red(fmt::format(
            "port {} shows a certificate for {} valid until {}, expected the configured one, valid until {}",
            port.number, printable(join(other.names, ", ")), rfc3339(other.not_after), rfc3339(certificate.not_after)));
    }
    const Time today = now();
    const auto days = std::chrono::floor<std::chrono::days>(certificate.not_after - today).count();
    if (today < certificate.not_before || today >= certificate.not_after)
        throw red(fmt::format("the certificate is valid from {} to {}, and now is {}", rfc3339(certificate.not_before),
                              rfc3339(certificate.not_after), rfc3339(today)));
    if (!certificate.covers(facts.hostname))
        throw red(fmt::format("the certificate is for {}, expected {}", printable(join(certificate.names, ", ")),
                              facts.hostname));
    return fmt::format("shown at {}, {} days left{}", join(names, ", "), days,
                       certificate.self_signed ? ", self-signed" : "");
}

} // namespace vectis::health
