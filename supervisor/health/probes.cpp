#include "health/probes.hpp"

#include <array>

namespace vectis::health {

namespace {

bool always(const Facts&) {
    return true;
}

bool has_submission(const Facts& facts) {
    return facts.submission || facts.submissions;
}

bool has_mailbox(const Facts& facts) {
    return facts.imap;
}

bool has_webmail(const Facts& facts) {
    return facts.webmail;
}

bool has_both(const Facts& facts) {
    return has_submission(facts) && has_mailbox(facts);
}

// The slow ones come first: the prober runs a few at a time in this order.
constexpr std::array table{
    Probe{"passwords", "wrong passwords are refused", Place::outside, true, probe_passwords, has_both},
    Probe{"mail", "a message is submitted, signed, delivered and read", Place::outside, true, probe_mail, has_both},
    Probe{"webmail", "a person can log in to webmail", Place::outside, true, probe_webmail, has_webmail},
    Probe{"gtube", "spam is refused and ham is accepted", Place::outside, true, probe_gtube, has_both},
    Probe{"directory", "Postfix and Dovecot can read the directory", Place::root, true, probe_directory, always},
    Probe{"relay", "strangers cannot send through this server", Place::outside, true, probe_relay, always},
    Probe{"relay_local", "local processes cannot send through port 25", Place::host, true, probe_relay_local, always},
    Probe{"inbound", "port 25 takes mail for mailboxes and for nobody else", Place::outside, true, probe_inbound,
          always},
    Probe{"certificate", "the configured certificate is shown and valid", Place::outside, true, probe_certificate,
          always},
    Probe{"queue", "the queue is moving and has room", Place::root, true, probe_queue, always},
    Probe{"resolver", "the local resolver answers", Place::host, true, probe_resolver, always},
    Probe{"delivery", "a message from outside is delivered", Place::outside, false, probe_delivery, has_mailbox},
    Probe{"dkim", "the DKIM keys of every domain can be used", Place::signer, false, probe_dkim, always},
};

} // namespace

std::span<const Probe> probes() {
    return table;
}

} // namespace vectis::health
