// A request that has been let in, and what handlers do with it: read what is asked, change something, answer.
#pragma once

#include "accounts/errands.hpp"
#include "accounts/ledger.hpp"
#include "api/answer.hpp"
#include "api/credentials.hpp"
#include "api/message.hpp"
#include "api/operations.hpp"
#include "base/clock.hpp"
#include "base/error.hpp"
#include "mail/inbound.hpp"
#include "mail/limits.hpp"
#include "net/dns.hpp"
#include "store/directory.hpp"
#include "store/page.hpp"
#include "surface/routes.hpp"

#include <nlohmann/json.hpp>

#include <array>
#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace vectis::api {

/// How many requests were answered, by the class of the status: 2xx is the third.
using Answered = std::array<std::atomic<std::uint64_t>, 6>;

/// What the API works on; made by `vectis serve`, used by many threads.
struct Services {
    accounts::Ledger& ledger;
    accounts::Throttle& throttle;
    accounts::MailboxOwners& owners;
    accounts::Errands& errands;
    store::DirectoryReader& directory;
    /// Of this server, as authenticators show it.
    std::function<std::string()> hostname;
    /// What becomes of a directory::Import that is a dry run: the supervisor's {"before", "after"}.
    std::function<std::string(const std::string& change)> try_import;
    /// What to publish for a domain; see systemd::SupervisorMethods.
    std::function<std::string(const std::string& domain, const std::vector<std::string>& published)> dns_records;
    /// The same interface's plan, status, figures, generations, logs, restart, queue and act_on_queue.
    std::function<std::string()> plan;
    std::function<std::string()> status;
    std::function<std::string()> figures;
    std::function<std::string()> generations;
    std::function<std::string(const std::string& service, Time since, std::uint32_t most)> logs;
    std::function<void(const std::string& service)> restart;
    /// `same`: as it was at the last call, unless that is long ago.
    std::function<std::string(bool same)> queue;
    /// flush, hold, release or remove.
    std::function<void(const std::string& id, const std::string& action)> act_on_queue;
    std::function<std::string(const std::string& address)> mailbox_use;
    std::function<std::string(const std::string& address)> sieve_scripts;
    std::function<std::string(const std::string& address, const std::string& name)> sieve_script;
    std::function<void(const std::string& address, const std::string& name, const std::string& script)>
        put_sieve_script;
    /// activate, deactivate or remove.
    std::function<void(const std::string& address, const std::string& name, const std::string& action)>
        act_on_sieve_script;
    /// What takes longer than a request waits.
    Operations& operations;
    /// Something is to be sent.
    std::function<void()> wake_sender;
    /// Whether this very moment hands a recipient (its row) to Postfix; asked within a transaction it holds until its
    /// end.
    std::function<bool(std::int64_t recipient)> is_being_sent;
    /// The text of config.yaml.
    std::function<std::string()> config;
    /// What DNS has, in the order of the questions.
    std::function<std::vector<net::Answer>(const std::vector<net::Question>& questions)> lookup;
    /// Each thing that the API needs, and whether it is well.
    std::function<std::vector<std::pair<std::string, bool>>()> health;
    /// Hears what failed within.
    std::function<void(const std::string&)> log;
    /// What signs the links to unsubscribe.
    std::string unsubscribe_key;
    /// To how many recipients one may send.
    std::function<mail::Limits()> limits;
    /// What signs the links that tell what readers do.
    std::string tracking_key;
    /// What is needed to read what came in, and what signs the URLs of its attachments.
    std::function<mail::InboundSettings()> inbound_settings;
    std::string link_key;
    std::shared_ptr<Answered> answered = std::make_shared<Answered>();
};

/// The answer that is kept of an errand (accounts::Errands).
[[nodiscard]] std::string errand_answer(const store::Errand& errand, const Json& result);

/// Throws Error(invalid_input) that tells all of these.
[[noreturn]] void refuse(std::vector<Problem> problems);

class Call {
  public:
    using Parameters = std::map<std::string, std::string>;

    Call(const Services& services, Request& request, const surface::Route& route, Credential credential,
         Parameters parameters) :
        services_(services),
        request_(request), route_(route), credential_(std::move(credential)), parameters_(std::move(parameters)) {}

    [[nodiscard]] const Services& services() const { return services_; }
    [[nodiscard]] const accounts::Who& who() const { return credential_.who; }
    /// The session that asks; only where the route is for sessions.
    [[nodiscard]] const store::Session& session() const { return credential_.session->session; }
    /// Whether it is a domain here, and theirs.
    [[nodiscard]] bool has_domain(const std::string& domain) const;
    [[nodiscard]] const std::string& address() const { return request_.peer.address; }
    [[nodiscard]] std::optional<std::string> field(const std::string& name) const { return request_.field(name); }
    [[nodiscard]] const std::string& request_id() const { return request_.id; }
    /// Of the path: {id}. It is a UUID.
    [[nodiscard]] const std::string& id() const { return parameters_.at("id"); }
    /// Another of the path, as surface::schema_of_parameter has it.
    [[nodiscard]] const std::string& parameter(const std::string& name) const { return parameters_.at(name); }
    /// Of the query, judged; nothing if it is not there.
    [[nodiscard]] std::optional<std::string> query(const std::string& name) const;
    /// Reads and judges the body; an empty object if none may come or none came and nothing is required.
    /// Of a front it is judged by nobody: the front judges what it makes of it.
    [[nodiscard]] const Json& body();
    /// Reads the body as a form, which nobody has judged.
    [[nodiscard]] std::vector<FormPart> form();

    /// The page that is asked for; sorted by its own id unless asked otherwise.
    [[nodiscard]] store::Page page() const;

    /// Makes a change and answers, all of it or nothing (accounts::Ledger). The body must have been read before.
    [[nodiscard]] Response change(const std::function<Response(accounts::Change&)>& make);

    /// The same for what is done beside the database by `act`; `look` answers with what came of it. The audit log has
    /// that it was asked for, and, as ACTION.failed, what `act` threw.
    struct Deed {
        std::string action;
        std::string target;
        std::optional<std::string> target_id;
        Json detail = nullptr;
    };
    [[nodiscard]] Response act(const Deed& deed, const std::function<void()>& act,
                               const std::function<Response()>& look);
    /// The answer to an earlier request with this Idempotency-Key.
    [[nodiscard]] std::optional<Response> earlier() const;

    /// Begins what takes longer than a request waits, and answers what is known of it (Operations).
    [[nodiscard]] Response begin(const std::string& action, const std::string& kind, const std::string& argument);

    /// The same where only the supervisor can make it; `shown` is what the answer says beside the resource, this once.
    [[nodiscard]] Response carry_out(const std::string& action, const directory::AccountChange& change,
                                     const Json& shown = Json::object());

    /// The answer, with the status of the route.
    [[nodiscard]] Response answer(Json data) const;
    /// The same for one resource that can be changed: with its ETag.
    [[nodiscard]] Response resource(const Json& resource) const;
    /// The same, with what is shown this once and kept nowhere.
    [[nodiscard]] Response resource_with(const Json& resource, std::string_view name, const Json& secret) const;
    /// One page: rows as JSON, one more than the page holds if there are more.
    [[nodiscard]] Response list(Json rows, const store::Page& page) const;
    /// Throws unless If-Match, if it is there, names this state of the resource (RFC 9110 section 13.1.1).
    void expect_match(const Json& resource) const;
    /// The same; and, if If-Match is there, the revision that the resource must still have when it is changed.
    [[nodiscard]] std::optional<std::string> as_of(const Json& resource) const;
    /// Throws unless ?confirm= says this name.
    void expect_confirmed(const std::string& name) const;

    /// Throws HttpError(422) with everything that is wrong with query and path parameters. Called once, by dispatch.
    void expect_good_parameters() const;

  private:
    [[nodiscard]] accounts::Ledger::Asked asked() const;

    const Services& services_;
    Request& request_;
    const surface::Route& route_;
    Credential credential_;
    Parameters parameters_;
    std::optional<std::string> raw_body_;
    Json body_ = Json::object();
};

} // namespace vectis::api
