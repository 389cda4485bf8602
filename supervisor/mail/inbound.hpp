// Takes mail for inbound routes: message and event are in vectis.db, and survive a power cut, before Postfix hears that
// they were taken. What Postfix hands over twice is told once.
#pragma once

#include "mail/inbound_payload.hpp"
#include "mail/lmtp_server.hpp"
#include "store/directory.hpp"
#include "store/inbound.hpp"
#include "store/vectis.hpp"

#include <functional>
#include <string>

namespace vectis::mail {

/// What Postfix has been told of this server (templates/postfix/inbound.json).
struct InboundSettings {
    std::string hostname;
    std::string recipient_delimiter; // one letter, or none
};
/// Of the file's text; throws Error(invalid_input).
[[nodiscard]] InboundSettings inbound_settings(std::string_view json);

/// The address that Postfix has put into that of a copy (templates/postfix/inbound_copies.cf); any other stays as it
/// is.
[[nodiscard]] std::string inbound_recipient(const std::string& address);
/// Its part behind the recipient delimiter; empty if it has none.
[[nodiscard]] std::string inbound_tag(const std::string& address, const std::string& delimiter);

/// What is told of a message that came in, with what is known of it here.
[[nodiscard]] Arrival arrival_of(const store::InboundMessage& message, const InboundSettings& settings,
                                 const std::string& link_key);

/// Any thread may call it.
class Inbound {
  public:
    /// `settings` is asked for each message: an apply may change them.
    Inbound(store::Vectis& database, store::DirectoryReader& directory, std::function<InboundSettings()> settings,
            std::string link_key) :
        database_(database),
        directory_(directory), settings_(std::move(settings)), link_key_(std::move(link_key)) {}

    /// What an LmtpServer does with it.
    [[nodiscard]] LmtpServer::Receive receive();

  private:
    [[nodiscard]] std::optional<directory::InboundRoute> route_for(const std::string& address,
                                                                   const InboundSettings& settings);
    Reply take(const std::string& sender, const std::string& address, const std::string& message);

    store::Vectis& database_;
    store::DirectoryReader& directory_;
    std::function<InboundSettings()> settings_;
    std::string link_key_;
};

} // namespace vectis::mail
