// What Prometheus collects, in its text format.
#include "api/handlers/handlers.hpp"

#include <nlohmann/json.hpp>
#include <prometheus/text_serializer.h>

namespace vectis::api::handlers {

namespace {

using prometheus::MetricFamily;
using prometheus::MetricType;
using Labels = std::vector<prometheus::ClientMetric::Label>;

MetricFamily family(const std::string& name, const std::string& help, MetricType type = MetricType::Gauge) {
    MetricFamily made;
    made.name = "vectis_" + name;
    made.help = help;
    made.type = type;
    return made;
}

void put(MetricFamily& family, Labels labels, double value) {
    prometheus::ClientMetric metric;
    metric.label = std::move(labels);
    metric.counter.value = metric.gauge.value = value; // the family's type says which counts
    family.metric.push_back(std::move(metric));
}

MetricFamily single(const std::string& name, const std::string& help, double value) {
    MetricFamily made = family(name, help);
    put(made, {}, value);
    return made;
}

using Families = std::vector<MetricFamily>;

void add_services(Families& all, const Json& services) {
    auto active = family("service_active", "Whether the unit of a service is active");
    auto restarts = family("service_restarts_total", "How often systemd has started it again", MetricType::Counter);
    auto memory = family("service_memory_bytes", "What it occupies");
    for (const auto& each : services) {
        const Labels labels{{"service", each.at("service")}};
        put(active, labels, each.at("active") == "active" ? 1 : 0);
        put(restarts, labels, each.value("restarts", 0.0));
        if (each.contains("memory") && !each["memory"].is_null())
            put(memory, labels, each["memory"].get<double>());
    }
    all.insert(all.end(), {active, restarts, memory});
}

void add_queue(Families& all, const Json& queues) {
    auto messages = family("queue_messages", "Mail that is not delivered yet");
    for (const auto& each : queues.items())
        put(messages, {{"queue", each.key()}}, each.value().get<double>());
    all.push_back(std::move(messages));
}

void add_filter(Families& all, const Json& filter) {
    auto scanned = family("messages_total", "Messages that Rspamd has judged since it started, by what it said",
                          MetricType::Counter);
    for (const auto& each : filter.at("actions").items())
        put(scanned, {{"action", each.key()}}, each.value().get<double>());
    auto learned =
        family("messages_learned_total", "Messages that spam and ham were learned from", MetricType::Counter);
    put(learned, {}, filter.at("learned").get<double>());
    all.insert(all.end(), {scanned, learned});
}

void add_storage(Families& all, const Json& said) {
    auto size = family("disk_bytes", "How large the file system is that has this folder");
    auto free = family("disk_free_bytes", "What is free of it");
    for (const auto& each : said.at("disks")) {
        put(size, {{"folder", each.at("folder")}}, each.at("bytes").get<double>());
        put(free, {{"folder", each.at("folder")}}, each.at("free").get<double>());
    }
    auto databases = family("database_bytes", "How large the files of a database are, its log included");
    for (const auto& each : said.at("databases").items())
        put(databases, {{"database", each.key()}}, each.value().get<double>());
    all.insert(all.end(), {size, free, databases});
}

void add_supervisors(Families& all, const Json& said) {
    all.push_back(single("generation", "The configuration that is in force", said.at("generation").get<double>()));
    add_services(all, said.at("services"));
    add_storage(all, said);
    add_queue(all, said.at("queues"));
    // What Rspamd would have said is left out while it does not answer; its service says why.
    if (said.contains("filter"))
        add_filter(all, said["filter"]);
    if (said.contains("certificate") && said["certificate"].contains("days_left"))
        all.push_back(single("certificate_days", "Whole days until the certificate of this host ends",
                             said["certificate"]["days_left"].get<double>()));
}

} // namespace

Response metrics_get(Call& call) {
    Families all;
    auto requests = family("api_requests_total", "Requests that the API has answered, by the class of the status",
                           MetricType::Counter);
    const auto& answered = *call.services().answered;
    for (std::size_t i = 1; i < answered.size(); ++i)
        put(requests, {{"status", std::to_string(i) + "xx"}}, static_cast<double>(answered[i].load()));
    all.push_back(std::move(requests));
    std::optional<Json> said;
    try {
        said = parse_json(call.services().figures());
    } catch (const Error& error) {
        if (error.code() != Code::unavailable && error.code() != Code::busy)
            throw;
        // That is one of the things that are measured.
    }
    all.push_back(single("supervisor_up", "Whether the supervisor answers", said ? 1 : 0));
    if (said)
        add_supervisors(all, *said);
    return {.type = "text/plain; version=0.0.4; charset=utf-8",
            .body = prometheus::TextSerializer().Serialize(all),
            .fields = {}};
}

} // namespace vectis::api::handlers
