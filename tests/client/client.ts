// A program against the API, written with nothing but the types that openapi-typescript makes of its description: makes, lists,
// reads, changes and removes one of each resource. API and TOKEN are in the environment; prints the path of each.

import createClient from "openapi-fetch";
import type { paths } from "./schema.js";

declare const process: { env: { API: string; TOKEN: string } };
const environment = process.env;
const api = createClient<paths>({ baseUrl: environment.API, headers: { Authorization: `Bearer ${environment.TOKEN}` } });

/** What a call answered; a problem ends the program. */
function good<Data>(answer: { data?: { data: Data }; error?: unknown; response: Response }): Data {
    if (!answer.data)
        throw new Error(`${answer.response.status} ${answer.response.url}: ${JSON.stringify(answer.error)}`);
    return answer.data.data;
}

function same(found: unknown, expected: unknown): void {
    if (JSON.stringify(found) !== JSON.stringify(expected))
        throw new Error(`${JSON.stringify(found)} instead of ${JSON.stringify(expected)}`);
}

const once = () => ({ "Idempotency-Key": `${Date.now()} ${Math.random()}` });

async function domains() {
    const made = good(await api.POST("/domains", { params: { header: once() }, body: { name: "client.test" } }));
    const listed = good(await api.GET("/domains", { params: { query: { limit: 200, sort: "name" } } }));
    same(listed.filter((each) => each.id === made.id).map((each) => each.name), ["client.test"]);
    const read = await api.GET("/domains/{id}", { params: { path: { id: made.id } } });
    same(good(read), made);
    const header = { "If-Match": read.response.headers.get("ETag")! };
    const changed = good(await api.PATCH("/domains/{id}", { params: { path: { id: made.id }, header }, body: { active: false } }));
    same(changed.active, false);
    const late = await api.PATCH("/domains/{id}", { params: { path: { id: made.id }, header }, body: { active: true } });
    same([late.response.status, late.error?.code], [412, "changed_meanwhile"]);
    good(await api.PATCH("/domains/{id}", { params: { path: { id: made.id } }, body: { active: true } }));
    return async () => {
        good(await api.DELETE("/domains/{id}", { params: { path: { id: made.id }, query: { confirm: "client.test" } } }));
        const gone = await api.GET("/domains/{id}", { params: { path: { id: made.id } } });
        same([gone.response.status, gone.error?.code], [404, "not_found"]);
    };
}

async function mailboxes() {
    const body = { address: "ada@client.test", password: "a good password", quota: 0 };
    const made = good(await api.POST("/mailboxes", { params: { header: once() }, body }));
    const listed = good(await api.GET("/mailboxes", { params: { query: { domain: "client.test" } } }));
    same(listed.map((each) => each.address), ["ada@client.test"]);
    good(await api.PATCH("/mailboxes/{id}", { params: { path: { id: made.id } }, body: { display_name: "Ada Läufer" } }));
    same(good(await api.GET("/mailboxes/{id}", { params: { path: { id: made.id } } })).display_name, "Ada Läufer");
    const path = { id: made.id };
    same(good(await api.POST("/mailboxes/{id}/suspend", { params: { path } })).active, false);
    same(good(await api.POST("/mailboxes/{id}/resume", { params: { path } })).active, true);
    return async () => {
        good(await api.DELETE("/mailboxes/{id}", { params: { path, query: { confirm: "ada@client.test" } } }));
    };
}

async function aliases() {
    const body = { address: "info@client.test", destinations: ["ada@client.test"] };
    const made = good(await api.POST("/aliases", { params: { header: once() }, body }));
    const listed = good(await api.GET("/aliases", { params: { query: { domain: "client.test" } } }));
    same(listed.map((each) => each.address).includes("info@client.test"), true);
    const path = { id: made.id };
    good(await api.PATCH("/aliases/{id}", { params: { path }, body: { destinations: ["ada@client.test", "bert@outside.test"] } }));
    same(good(await api.GET("/aliases/{id}", { params: { path } })).destinations, ["ada@client.test", "bert@outside.test"]);
    return async () => {
        good(await api.DELETE("/aliases/{id}", { params: { path, query: { confirm: "info@client.test" } } }));
    };
}

async function suppressions() {
    const body = { domain: "client.test", address: "Dora@outside.test", reason: "unsubscribe" as const };
    const made = good(await api.POST("/suppressions", { params: { header: once() }, body }));
    same(made.address, "dora@outside.test");
    const twice = await api.POST("/suppressions", { params: { header: once() }, body });
    same([twice.response.status, twice.error?.code], [409, "conflict"]);
    const all = { suppressions: [body, { ...body, address: "emil@outside.test" }] };
    same(good(await api.POST("/suppressions/import", { params: { header: once() }, body: all })), { added: 1, there_already: 1 });
    const listed = good(await api.GET("/suppressions", { params: { query: { domain: "client.test", sort: "address" } } }));
    same(listed.map((each) => each.address), ["dora@outside.test", "emil@outside.test"]);
    same(good(await api.GET("/suppressions/{id}", { params: { path: { id: made.id } } })), made);
    return async () => {
        for (const { id, address } of listed)
            good(await api.DELETE("/suppressions/{id}", { params: { path: { id }, query: { confirm: address } } }));
    };
}

async function templates() {
    const body = { name: "welcome", domain: "client.test", subject: "Welcome, {{name}}", text: "Hello {{name}}\n" };
    const made = good(await api.POST("/templates", { params: { header: once() }, body }));
    const twice = await api.POST("/templates", { params: { header: once() }, body });
    same([twice.response.status, twice.error?.code], [409, "conflict"]);
    const listed = good(await api.GET("/templates", { params: { query: { domain: "client.test" } } }));
    same(listed.map((each) => each.name), ["welcome"]);
    const path = { id: made.id };
    good(await api.PATCH("/templates/{id}", { params: { path }, body: { html: "<p>{{name}}</p>" } }));
    same(good(await api.GET("/templates/{id}", { params: { path } })).html, "<p>{{name}}</p>");
    const rendered = good(await api.POST("/templates/{id}/render", { params: { path, header: once() }, body: { variables: { name: "A & B" } } }));
    same(rendered, { subject: "Welcome, A & B", text: "Hello A & B\n", html: "<p>A &amp; B</p>" });
    return async () => {
        good(await api.DELETE("/templates/{id}", { params: { path, query: { confirm: "welcome" } } }));
    };
}

async function webhooks() {
    const url = "https://hook.example.test/client";
    const body = { url, domain: "client.test", events: ["message.bounced" as const, "message.complained" as const] };
    const made = good(await api.POST("/webhooks", { params: { header: once() }, body }));
    same(made.secret?.startsWith("whsec_"), true);
    const listed = good(await api.GET("/webhooks", { params: { query: { domain: "client.test" } } }));
    same(listed.map((each) => each.url), [url]);
    const path = { id: made.id };
    good(await api.PATCH("/webhooks/{id}", { params: { path }, body: { events: ["*"], enabled: false } }));
    const read = good(await api.GET("/webhooks/{id}", { params: { path } }));
    same([read.events, read.enabled, read.domain], [["*"], false, "client.test"]);
    same(good(await api.GET("/webhooks/{id}/deliveries", { params: { path } })), []);
    return async () => {
        good(await api.DELETE("/webhooks/{id}", { params: { path, query: { confirm: url } } }));
    };
}

async function inboundRoutes() {
    const body = { address: "robot@client.test", keep_copy: false, format: "postmark" as const };
    const made = good(await api.POST("/inbound-routes", { params: { header: once() }, body }));
    const listed = good(await api.GET("/inbound-routes", { params: { query: { domain: "client.test" } } }));
    same(listed.map((each) => each.name), ["robot@client.test"]);
    const path = { id: made.id };
    good(await api.PATCH("/inbound-routes/{id}", { params: { path }, body: { keep_copy: true } }));
    const read = good(await api.GET("/inbound-routes/{id}", { params: { path } }));
    same([read.match, read.keep_copy, read.format, read.webhook], ["address", true, "postmark", null]);
    same(good(await api.GET("/inbound", { params: { query: { route: made.id } } })), []);
    return async () => {
        good(await api.DELETE("/inbound-routes/{id}", { params: { path, query: { confirm: "robot@client.test" } } }));
    };
}

async function admins() {
    const body = { email: "ada@client.test", role: "domain_admin" as const, domains: ["client.test"] };
    const made = good(await api.POST("/admins", { params: { header: once() }, body }));
    same(good(await api.GET("/admins", {})).some((each) => each.id === made.id), true);
    const path = { id: made.id };
    good(await api.PATCH("/admins/{id}", { params: { path }, body: { name: "Ada" } }));
    same(good(await api.GET("/admins/{id}", { params: { path } })).name, "Ada");
    return async () => {
        good(await api.DELETE("/admins/{id}", { params: { path, query: { confirm: "ada@client.test" } } }));
    };
}

async function keys() {
    const body = { name: "client's", scopes: ["domains:read" as const], domains: ["client.test"] };
    const made = good(await api.POST("/api-keys", { params: { header: once() }, body }));
    same(good(await api.GET("/api-keys", {})).some((each) => each.id === made.id), true);
    const path = { id: made.id };
    good(await api.PATCH("/api-keys/{id}", { params: { path }, body: { rate: 7, expires_at: null } }));
    same(good(await api.GET("/api-keys/{id}", { params: { path } })).rate, 7);
    return async () => {
        good(await api.DELETE("/api-keys/{id}", { params: { path, query: { confirm: "client's" } } }));
    };
}

// Those that others need come first, and go last.
const resources: [keyof paths, () => Promise<() => Promise<void>>][] = [
    ["/domains", domains],
    ["/mailboxes", mailboxes],
    ["/aliases", aliases],
    ["/suppressions", suppressions],
    ["/templates", templates],
    ["/webhooks", webhooks],
    ["/inbound-routes", inboundRoutes],
    ["/admins", admins],
    ["/api-keys", keys],
];
const removals: (() => Promise<void>)[] = [];
for (const [path, use] of resources) {
    removals.unshift(await use());
    console.log(path);
}
for (const remove of removals)
    await remove();
