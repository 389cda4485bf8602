// Fronts answer as another mail service does, so that programs written for it work with this server by its address
// alone. A front makes of a request what POST /send takes, and of what that tells what the other service would tell;
// keys, judging, accepting and sending are the same as everywhere (api/handlers/outgoing). One file for each vendor.
#pragma once

#include "api/call.hpp"
#include "api/handlers/outgoing.hpp"
#include "surface/fronts.hpp"

#include <exception>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace vectis::api::fronts {

/// Why a request is refused, before a front says it in its vendor's words.
struct Fault {
    int status = 500;
    std::string code; // as the API's problem documents have it; also missing_key, bad_key, key_in_use, key_of_another
    std::string detail;
    std::vector<Problem> problems; // by the vendor's names
    std::vector<std::pair<std::string, std::string>> fields;
};
/// What of an exception the caller may know.
[[nodiscard]] Fault fault_of(const std::exception& exception);
[[nodiscard]] Fault fault_of(const HttpError& error);

/// The fault in one text: every problem of it, with its place.
[[nodiscard]] std::string words_of(const Fault& fault);
[[nodiscard]] std::string words_of(const std::vector<Problem>& problems);

/// The refusal as the vendor would write it.
[[nodiscard]] Response refusal(surface::Vendor vendor, const Fault& fault);

using Handler = Response (*)(Call&);
/// The handler of an operation. Every operation has one.
[[nodiscard]] Handler handler_of(surface::FrontOperation operation);

/// The key that a request shows, in the way in which programs of that vendor do; empty: none.
[[nodiscard]] std::string token_of(surface::Vendor vendor, const Request& request);
/// Whose key that is; nothing if it is none that is good. Nothing but a key counts, through whichever door.
[[nodiscard]] std::optional<Credential> credential_of(accounts::Ledger& ledger, const std::string& token,
                                                      const Request& request);

/// A word of our JSON pointers and the vendor's word for it; empty: it has none, and the place is the one around it.
struct Renamed {
    std::string_view ours;
    std::string_view theirs;
};

/// A message as a front has made it of a request.
struct Draft {
    Json body = Json::object();    // as POST /send takes it
    std::vector<Problem> problems; // by the vendor's names
    bool template_has_html = false;
};

/// A message that was judged: ready to be accepted unless it has problems.
struct Judged {
    handlers::Outgoing one;
    std::vector<Problem> problems; // by the vendor's names
    bool foreign = false;          // the one problem is that they may not send from that domain
};
/// Judges a draft as POST /send does. Without a key (`try_only`) whether the domain is theirs is not asked.
[[nodiscard]] Judged judged(const Call& call, const Draft& draft, std::span<const Renamed> names,
                            bool try_only = false);

/// Follows the readers of a message as the vendor's switches ask. Of one without HTML there is nothing to follow, there
/// as here: it goes out as it is.
void put_tracking(Draft& draft, bool opens, bool clicks);

/// Throws Error(invalid_input) if so many messages that have this in common are more than is kept in memory.
void expect_room(const Json& common, std::size_t times);

/// Messages that are judged one after the other; throws Error(invalid_input) once they are more than is kept in memory.
class Batch {
  public:
    void add(handlers::Outgoing one);
    [[nodiscard]] const std::vector<handlers::Outgoing>& all() const { return all_; }

  private:
    std::vector<handlers::Outgoing> all_;
    std::size_t bytes_ = 0;
};

/// Accepts all of them in one transaction and wakes the sender. `told` is what accept() tells of each, in an array;
/// what is made of it is what an Idempotency-Key gets again.
[[nodiscard]] Json accepted(Call& call, const std::vector<handlers::Outgoing>& all,
                            const std::function<Json(Json told)>& make);
[[nodiscard]] Json accepted(Call& call, const std::vector<handlers::Outgoing>& all);

/// An answer of one JSON document.
[[nodiscard]] Response document(int status, const Json& json);

// One function for each operation of the table.
Response resend_send(Call& call);
Response resend_batch(Call& call);
Response resend_get(Call& call);
Response resend_cancel(Call& call);
Response postmark_send(Call& call);
Response postmark_batch(Call& call);
Response postmark_template(Call& call);
Response postmark_template_batch(Call& call);
Response postmark_details(Call& call);
Response postmark_suppressions(Call& call);
Response sendgrid_send(Call& call);
Response mailgun_send(Call& call);

// And how each vendor refuses.
Response resend_refusal(const Fault& fault);
Response postmark_refusal(const Fault& fault);
Response sendgrid_refusal(const Fault& fault);
Response mailgun_refusal(const Fault& fault);

} // namespace vectis::api::fronts
