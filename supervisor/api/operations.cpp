#include "api/operations.hpp"

#include "base/clock.hpp"
#include "base/error.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <condition_variable>
#include <utility>

namespace vectis::api {

namespace {

Json error_json(const Error& error) {
    return {{"code", info(error.code()).name}, {"detail", error.what()}, {"hint", error.hint()}};
}

Json parsed(const std::optional<std::string>& text) {
    return text ? parse_json(*text) : Json(nullptr);
}

} // namespace

Operations::Operations(accounts::Ledger& ledger, Work work, Log log) :
    ledger_(ledger), work_(std::move(work)), log_(std::move(log)) {
    const Error unknown(Code::unavailable, "the API was started again before it heard how this ended",
                        "GET /services, GET /generations and the logs of 'vectis' say what is in force");
    ledger_.write([&](store::Database& database) {
        store::Operations(database).interrupt(to_text(error_json(unknown)), rfc3339(now()));
        return 0;
    });
}

Operations::~Operations() {
    std::map<std::string, Followed> left;
    followed_.with([&](auto& followed) { left.swap(followed); });
    for (auto& [id, each] : left)
        each.thread.request_stop();
    left.clear(); // joins
}

void Operations::follow(store::Operation operation) {
    try {
        followed_.with([&](auto& followed) {
            std::erase_if(followed, [](const auto& each) { return each.second.ended; });
            auto& mine = followed[operation.id];
            mine.thread = std::jthread([this, operation](const std::stop_token& stop) { run(operation, stop); });
        });
    } catch (const std::exception& fault) { // no thread, no memory
        operation.status = "failed";
        operation.error = to_text(error_json(as_error(fault)));
        operation.finished_at = rfc3339(now());
        write_down(operation);
    }
}

void Operations::run(store::Operation operation, const std::stop_token& stop) {
    const auto hear = [&](const Json& event) {
        followed_.with([&](auto& followed) {
            if (const auto found = followed.find(operation.id); found != followed.end())
                found->second.heard = event;
        });
    };
    try {
        Json result = work_(operation, hear, stop);
        result.erase("event");
        operation.status = "done";
        operation.result = to_text(result);
    } catch (const Unheard& error) {
        if (stop.stop_requested())
            return; // the next process says what is left of it
        operation.status = "interrupted";
        operation.error = to_text(error_json(error));
    } catch (const std::exception& fault) {
        operation.status = "failed";
        operation.error = to_text(error_json(as_error(fault)));
    }
    end(std::move(operation), stop);
}

void Operations::end(store::Operation operation, const std::stop_token& stop) {
    constexpr std::chrono::seconds between{30};
    operation.finished_at = rfc3339(now());
    std::mutex mutex;
    std::condition_variable_any wake;
    std::unique_lock lock(mutex);
    // The disk is full, say.
    while (!write_down(operation) && !stop.stop_requested())
        wake.wait_for(lock, stop, between, [] { return false; });
    followed_.with([&](auto& followed) {
        if (const auto found = followed.find(operation.id); found != followed.end())
            found->second.ended = true;
    });
}

bool Operations::write_down(const store::Operation& operation) {
    try {
        ledger_.write([&](store::Database& database) {
            store::Operations(database).finish(operation);
            return 0;
        });
        return true;
    } catch (const std::exception& fault) {
        log_(fmt::format("cannot write down how operation {} ended: {}", operation.id, as_error(fault).text()));
        return false;
    }
}

Json Operations::shown(const store::Operation& operation) {
    Json heard = followed_.with([&](auto& followed) {
        const auto found = followed.find(operation.id);
        return found == followed.end() || operation.status != "running" ? Json(nullptr) : found->second.heard;
    });
    return {{"id", operation.id},
            {"kind", operation.kind},
            {"argument", operation.argument},
            {"status", operation.status},
            {"progress", std::move(heard)},
            {"result", parsed(operation.result)},
            {"error", parsed(operation.error)},
            {"started_by", operation.started_by},
            {"started_at", operation.started_at},
            {"finished_at", operation.finished_at ? Json(*operation.finished_at) : Json(nullptr)}};
}

} // namespace vectis::api
