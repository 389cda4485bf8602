#include "catch.hpp"
#include "folder.hpp"
#include "state/mail_store.hpp"

#include <chrono>

using namespace vectis;
using vectis::test::Folder;

namespace {

struct MailStore {
    Folder folder;
    fs::path mail = folder.path / "vmail";
    fs::path clean = folder.path / "mail-store.whole";
    fs::file_time_type now = fs::file_time_type::clock::now();

    MailStore() { fs::create_directory(mail); }

    /// An index that was last written so long ago.
    [[nodiscard]] fs::path index(const std::string& where, std::chrono::minutes ago) const {
        const fs::path path = mail / where / "fts-flatcurve";
        fs::create_directories(path / "current.1");
        write_new_file(path / "current.1/iamglass", "", {});
        for (const auto& each : {path / "current.1/iamglass", path / "current.1", path})
            fs::last_write_time(each, now - ago);
        return path;
    }
};

} // namespace

TEST_CASE("without a note what was written last is removed, and nothing else") {
    const MailStore store;
    const auto fresh = store.index("example.test/anna/Maildir", std::chrono::minutes(60));
    const auto near = store.index("example.test/anna/Maildir/.Junk", std::chrono::minutes(69));
    const auto old = store.index("example.test/bert/Maildir", std::chrono::minutes(71));
    const auto message = store.mail / "example.test/anna/Maildir/cur/fts-flatcurve";
    fs::create_directories(message);
    const auto lock = store.mail / "example.test/bert/Maildir/dovecot-uidlist.lock";
    write_new_file(lock, "", {});
    const auto recovered = state::recover_mail_store(store.mail, store.clean);
    CHECK(recovered.indexes == 2);
    CHECK(recovered.locks == 1);
    CHECK_FALSE(fs::exists(lock));
    CHECK_FALSE(fs::exists(fresh));
    CHECK_FALSE(fs::exists(near));
    CHECK(fs::exists(old));
    CHECK(fs::exists(message));
}

TEST_CASE("a note says that all are whole, once") {
    const MailStore store;
    const auto index = store.index("example.test/anna/Maildir", std::chrono::minutes(1));
    state::note_mail_store_whole(store.mail, store.clean);
    CHECK(state::recover_mail_store(store.mail, store.clean).indexes == 0);
    CHECK(fs::exists(index));
    CHECK_FALSE(fs::exists(store.clean));
    CHECK(state::recover_mail_store(store.mail, store.clean).indexes == 1);
}

TEST_CASE("a server without mail has no index to lose") {
    const MailStore store;
    CHECK(state::recover_mail_store(store.mail, store.clean).indexes == 0);
    CHECK(state::recover_mail_store(store.mail / "nothing", store.clean).indexes == 0);
}

TEST_CASE("a recovery that did not reach its end is begun again") {
    const MailStore store;
    const auto index = store.index("example.test/anna/Maildir", std::chrono::minutes(1));
    write_new_file(store.clean.string() + ".recovering", "", {}); // as one that was killed leaves it
    state::note_mail_store_whole(store.mail, store.clean);
    CHECK_FALSE(fs::exists(store.clean));
    CHECK(state::recover_mail_store(store.mail, store.clean).indexes == 1);
    state::note_mail_store_whole(store.mail, store.clean);
    CHECK(fs::exists(store.clean));
}
