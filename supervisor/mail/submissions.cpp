#include "mail/submissions.hpp"

#include "base/clock.hpp"
#include "base/random.hpp"
#include "base/text.hpp"
#include "config/kinds.hpp"
#include "mail/inbound.hpp"
#include "mail/story.hpp"
#include "store/directory.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace vectis::mail {

namespace {

/// Recipients in memory at once.
constexpr std::size_t waiting_at_once = 500;

/// As in master.cf: the only ways in with a login.
bool is_submission_service(std::string_view identifier) {
    return identifier == "postfix/submission/smtpd" || identifier == "postfix/submissions/smtpd";
}

/// The mailbox whose mail proves that mail works (health/probes), again and again.
bool is_probe(const std::string& mailbox) {
    return config::local_part_of(mailbox) == directory::probe_local_part;
}

std::string without_brackets(const std::string& message_id) {
    const bool bracketed = message_id.size() > 2 && message_id.front() == '<' && message_id.back() == '>';
    return bracketed ? message_id.substr(1, message_id.size() - 2) : message_id;
}

/// The one that a delivery is about; its story begins with the first line that names it.
store::Recipient recipient_in(store::Messages& messages, const store::Submission& submission,
                              const Delivery& delivery) {
    const auto original = delivery.original_to.empty() || delivery.original_to == delivery.to
                              ? std::nullopt
                              : std::optional(delivery.original_to);
    if (auto known = messages.recipient_of(submission.message.value_or(""), delivery.to, original))
        return std::move(*known);
    store::Recipient recipient{.message = submission.message.value_or(""),
                               .address = delivery.to,
                               .status = "sent",
                               .queue_id = delivery.queue_id,
                               .due_at = submission.at,
                               .code = std::nullopt,
                               .answer = std::nullopt,
                               .relay = std::nullopt,
                               .updated_at = submission.at,
                               .original_to = original};
    messages.add_recipient(recipient);
    tell_event(messages, recipient, "sent", {{"mailbox", submission.mailbox}}, submission.at);
    return recipient;
}

void deliver(store::Messages& messages, const store::Submission& submission, const Delivery& delivery,
             const std::string& at) {
    // The copy for an inbound route (recipient_bcc_maps) is nobody whom the sender has named.
    if (inbound_recipient(delivery.to) != delivery.to)
        return;
    auto recipient = recipient_in(messages, submission, delivery);
    const auto transition = after(known(recipient), delivery);
    if (!transition)
        return;
    // Of two answers that alternate, each is news whenever it comes, but not when its line is read once more.
    const bool was_told = transition->event == StateEvent::deferred && recipient.status != "sent" &&
                          messages.has_event(recipient, std::string(name(StateEvent::deferred)), at);
    if (!was_told)
        follow(messages, recipient, *transition, delivery.relay, at);
}

/// What is about the whole message is about whoever of it still waits.
void each_waiting(store::Messages& messages, const std::string& queue_id, const LogEvent& event,
                  const std::string& at) {
    for (std::int64_t last = 0;;) {
        auto waiting = messages.waiting_in_queue(queue_id, last, waiting_at_once);
        for (auto& each : waiting) {
            last = each.id;
            if (const auto transition = after(known(each), event))
                follow(messages, each, *transition, "", at);
        }
        if (waiting.size() < waiting_at_once)
            return;
    }
}

/// Before it came to be in the queue.
void on_its_way(store::Submissions& submissions, const store::Submission& submission, const LogEvent& event) {
    if (const auto* picked_up = std::get_if<PickedUp>(&event)) {
        store::Submission renamed = submission;
        renamed.queue_id = picked_up->queue_id;
        submissions.add(renamed);
    }
    submissions.drop(submission.queue_id);
}

bool changes_recipients(const LogEvent& event) {
    return std::holds_alternative<Delivery>(event) || std::holds_alternative<Expired>(event) ||
           std::holds_alternative<RemovedByHand>(event) || std::holds_alternative<Discarded>(event) ||
           std::holds_alternative<PickedUp>(event);
}

} // namespace

bool Submissions::take(store::Messages& messages, const LogEvent& event, std::string_view identifier,
                       const std::string& at) {
    store::Submissions submissions = messages.submissions();
    if (const auto* accepted = std::get_if<Accepted>(&event)) {
        if (!accepted->sasl_username.empty() && is_submission_service(identifier) && !is_probe(accepted->sasl_username))
            submissions.add({.queue_id = accepted->queue_id,
                             .message = std::nullopt,
                             .mailbox = accepted->sasl_username,
                             .message_id = {},
                             .at = at});
        return true;
    }
    if (const auto* named = std::get_if<MessageId>(&event)) {
        submissions.name(named->queue_id, without_brackets(named->message_id));
        return true;
    }
    if (const auto* never = std::get_if<NeverQueued>(&event)) {
        submissions.drop(never->queue_id);
        return true;
    }
    if (const auto* queued = std::get_if<Queued>(&event)) {
        arrive(messages, *queued);
        return true;
    }
    if (!changes_recipients(event))
        return true;
    // What was requeued is known by the queue id that it had.
    const auto* picked_up = std::get_if<PickedUp>(&event);
    const std::string& queue_id = picked_up == nullptr ? queue_id_of(event) : picked_up->original_queue_id;
    auto submission = submissions.find(queue_id);
    if (!submission)
        return false;
    if (!submission->message) {
        on_its_way(submissions, *submission, event);
        return true;
    }
    if (const auto* delivery = std::get_if<Delivery>(&event)) {
        deliver(messages, *submission, *delivery, at);
        return true;
    }
    each_waiting(messages, queue_id, event, at);
    if (picked_up != nullptr) {
        submission->queue_id = picked_up->queue_id;
        submissions.add(*submission);
    }
    return true;
}

void Submissions::arrive(store::Messages& messages, const Queued& queued) {
    store::Submissions submissions = messages.submissions();
    const auto submission = submissions.find(queued.queue_id);
    if (!submission || submission->message)
        return;
    std::string domain = lower_ascii(std::string(config::domain_of(queued.from)));
    // A note that a message was read has no sender.
    if (domain.empty() || !is_own_domain_(domain))
        domain = lower_ascii(std::string(config::domain_of(submission->mailbox)));
    const store::Message message{.id = uuid7(parse_rfc3339(submission->at)),
                                 .domain = domain,
                                 .sent_by = submission->mailbox,
                                 .sender = queued.from,
                                 .subject = {},
                                 .message_id = submission->message_id,
                                 .tags = "[]",
                                 .metadata = "{}",
                                 .size = queued.size,
                                 .created_at = submission->at,
                                 .send_at = std::nullopt,
                                 .unsubscribe_url = std::nullopt,
                                 .unsubscribe_mailto = std::nullopt,
                                 .origin = "submission"};
    messages.add_followed(message);
    submissions.arrived(queued.queue_id, message.id);
}

} // namespace vectis::mail
