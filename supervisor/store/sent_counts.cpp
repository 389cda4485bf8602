#include "store/sent_counts.hpp"

namespace vectis::store {

std::vector<SentCounts::Minute> SentCounts::of(const std::string& kind, const std::string& name, std::int64_t since) {
    auto select = database_.prepare("select minute, recipients from sent_counts where kind = ?1 and name = ?2 and "
                                    "minute >= ?3 order by minute");
    select.bind(kind, name, since);
    std::vector<Minute> all;
    while (select.step())
        all.push_back({.minute = select.integer(0), .recipients = select.integer(1)});
    return all;
}

void SentCounts::add(const std::string& kind, const std::string& name, const Minute& more) {
    database_
        .prepare("insert into sent_counts (kind, name, minute, recipients) values (?1, ?2, ?3, ?4) "
                 "on conflict do update set recipients = recipients + excluded.recipients")
        .bind(kind, name, more.minute, more.recipients)
        .run();
}

std::int64_t SentCounts::forget(std::int64_t before) {
    database_.prepare("delete from sent_counts where minute < ?1").bind(before).run();
    return database_.changes();
}

} // namespace vectis::store
