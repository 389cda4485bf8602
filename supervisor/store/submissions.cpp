#include "store/submissions.hpp"

namespace vectis::store {

std::optional<Submission> Submissions::find(const std::string& queue_id) {
    auto select = database_.prepare("select message, mailbox, message_id, at from submissions where queue_id = ?1");
    if (!select.bind(queue_id).step())
        return std::nullopt;
    return Submission{.queue_id = queue_id,
                      .message = select.optional_text(0),
                      .mailbox = select.text(1),
                      .message_id = select.text(2),
                      .at = select.text(3)};
}

void Submissions::add(const Submission& submission) {
    database_
        .prepare("insert or ignore into submissions (queue_id, message, mailbox, message_id, at) "
                 "values (?1, ?2, ?3, ?4, ?5)")
        .bind(submission.queue_id, submission.message, submission.mailbox, submission.message_id, submission.at)
        .run();
}

void Submissions::name(const std::string& queue_id, const std::string& message_id) {
    database_.prepare("update submissions set message_id = ?2 where queue_id = ?1 and message is null")
        .bind(queue_id, message_id)
        .run();
}

void Submissions::arrived(const std::string& queue_id, const std::string& id) {
    database_.prepare("update submissions set message = ?2 where queue_id = ?1").bind(queue_id, id).run();
}

void Submissions::drop(const std::string& queue_id) {
    database_.prepare("delete from submissions where queue_id = ?1 and message is null").bind(queue_id).run();
}

std::int64_t Submissions::forget(const std::string& before, std::size_t most) {
    database_
        .prepare("delete from submissions where queue_id in "
                 "(select queue_id from submissions where message is null and at < ?1 and not exists "
                 "(select 1 from holds where kind = 'mailbox' and name = lower(mailbox)) limit ?2)")
        .bind(before, most)
        .run();
    return database_.changes();
}

} // namespace vectis::store
