#include "net/dns.hpp"

#include "base/error.hpp"
#include "base/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <poll.h>
#include <unbound.h>

namespace vectis::net {

namespace {

using std::chrono::steady_clock;

struct ResultDelete {
    void operator()(ub_result* each) const noexcept { ub_resolve_free(each); }
};
using Result = std::unique_ptr<ub_result, ResultDelete>;

/// One question on its way; lookup_all() keeps it in place until it is answered or cancelled.
struct Pending {
    RecordType type{};
    int id = 0;
    bool done = false;
    Answer answer;
};

constexpr int rcode_name_error = 3;

Answer read_result(RecordType type, const ub_result& result) {
    Answer answer;
    answer.secure = result.secure != 0;
    if (result.bogus != 0) {
        answer.status = Status::bogus;
        answer.why = printable(result.why_bogus != nullptr ? result.why_bogus : "validation failed");
        return answer;
    }
    if (result.rcode != 0 && result.rcode != rcode_name_error) {
        answer.why =
            fmt::format("the servers answered {}", result.rcode == 2   ? "SERVFAIL"
                                                   : result.rcode == 5 ? "REFUSED"
                                                                       : fmt::format("with code {}", result.rcode));
        return answer;
    }
    for (std::size_t i = 0; result.havedata != 0 && result.data[i] != nullptr; ++i) {
        const std::string_view data(result.data[i], static_cast<std::size_t>(result.len[i]));
        if (auto value = record_value(type, data))
            answer.values.push_back(std::move(*value));
    }
    std::sort(answer.values.begin(), answer.values.end());
    if (!answer.values.empty())
        answer.status = Status::found;
    else
        answer.status = result.nxdomain != 0 ? Status::no_such_name : Status::no_data;
    return answer;
}

void answered(void* pending_pointer, int error, ub_result* raw) {
    const Result result(raw);
    auto& pending = *static_cast<Pending*>(pending_pointer);
    pending.done = true;
    if (error != 0)
        pending.answer.why = ub_strerror(error);
    else
        pending.answer = read_result(pending.type, *result);
}

} // namespace

struct Resolver::Context {
    ub_ctx* raw = nullptr;

    explicit Context(const ResolverOptions& options) : raw(ub_ctx_create()) {
        if (raw == nullptr)
            throw Error(Code::unavailable, "cannot start the DNS resolver: no memory");
        try {
            configure(options);
        } catch (...) {
            ub_ctx_delete(raw);
            throw;
        }
    }
    ~Context() { ub_ctx_delete(raw); }
    Context(const Context&) = delete;
    Context& operator=(const Context&) = delete;

    static void check(int error, const std::string& what) {
        if (error != 0)
            throw Error(Code::unavailable,
                        fmt::format("cannot start the DNS resolver: {}: {}", what, ub_strerror(error)));
    }

    void configure(const ResolverOptions& options) const {
        ub_ctx_debugout(raw, nullptr); // what goes wrong is in the answers, not on stderr
        check(ub_ctx_async(raw, 1), "threads");
        // The usual server is 127.0.0.1, which libunbound refuses to ask unless told otherwise.
        check(ub_ctx_set_option(raw, "do-not-query-localhost:", "no"), "options");
        // Unbound itself answers for names and reverse zones that the internet at large does not have (RFC 6303, RFC
        // 6761). Somebody's own network may have them: whoever we ask shall say.
        check(ub_ctx_set_option(raw, "unblock-lan-zones:", "yes"), "options");
        for (const auto& server : options.servers)
            check(ub_ctx_set_fwd(raw, server.c_str()), fmt::format("server '{}'", server));
        if (options.servers.empty() && options.use_system)
            check(ub_ctx_resolvconf(raw, nullptr), "/etc/resolv.conf");
        if (!options.anchor.empty()) {
            if (!fs::exists(options.anchor))
                throw Error(Code::unavailable,
                            fmt::format("cannot read the trust anchor '{}'", options.anchor.string()),
                            "apt install dns-root-data");
            check(ub_ctx_add_ta_file(raw, options.anchor.c_str()), options.anchor.string());
        }
        for (const auto* zone : {"test.", "home.arpa."}) // comes last: after it no setting can be changed
            check(ub_ctx_zone_remove(raw, zone), zone);
    }
};

Resolver::Resolver(const ResolverOptions& options) :
    context_(std::make_unique<Context>(options)), limit_(options.limit) {}
Resolver::~Resolver() = default;
Resolver::Resolver(Resolver&&) noexcept = default;
Resolver& Resolver::operator=(Resolver&&) noexcept = default;

Answer Resolver::lookup(const std::string& name, RecordType type) {
    return lookup_all({{name, type}}).front();
}

std::vector<Answer> Resolver::lookup_all(const std::vector<Question>& questions) {
    std::vector<Pending> pending(questions.size());
    for (std::size_t i = 0; i < questions.size(); ++i) {
        pending[i].type = questions[i].type;
        constexpr int internet = 1;
        if (const int error =
                ub_resolve_async(context_->raw, questions[i].name.c_str(), static_cast<int>(questions[i].type),
                                 internet, &pending[i], answered, &pending[i].id);
            error != 0) {
            pending[i].done = true;
            pending[i].answer.why = ub_strerror(error);
        }
    }
    const auto deadline = steady_clock::now() + limit_;
    const auto waiting = [&] {
        return std::any_of(pending.begin(), pending.end(), [](const Pending& each) { return !each.done; });
    };
    while (waiting()) {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - steady_clock::now()).count();
        if (left <= 0)
            break;
        pollfd wait{ub_fd(context_->raw), POLLIN, 0};
        if (poll(&wait, 1, static_cast<int>(left)) < 0 && errno != EINTR)
            throw system_error(errno, "cannot wait for DNS");
        if (wait.revents != 0)
            ub_process(context_->raw);
    }
    std::vector<Answer> answers;
    for (auto& each : pending) {
        if (!each.done) {
            // After this libunbound calls back no more, so `pending` may go.
            ub_cancel(context_->raw, each.id);
            each.answer.status = Status::timed_out;
            each.answer.why = fmt::format("no answer within {:.1f} s", std::chrono::duration<double>(limit_).count());
        }
        answers.push_back(std::move(each.answer));
    }
    return answers;
}

} // namespace vectis::net
