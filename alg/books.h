// SPDX-License-Identifier: GPL-2.0-or-later
//
// The address books of both directions (rewrite.h). Together they are a bijection: what a host
// calls itself becomes its outside endpoint, and that endpoint, when it comes back, becomes what
// the host called itself. Rules they keep:
//   - outward only the sender's own address is translated; a port that has no mapping of its own
//     becomes that of the flow the message rides in, and nothing is opened for it. Over TCP that is
//     so for every port without a forward: behind the mapping of another connection nobody listens,
//     but a server that looks for this endpoint finds this connection and uses it again;
//   - inward only what leads to the receiver is translated.
#pragma once

#include <optional>

#include "alg/rewrite.h"
#include "gateway/nat/mapping_service.h"

namespace gatehouse::sip {

// How a host wrote its endpoint, where the outside endpoint alone does not tell.
struct Spelling {
    Endpoint4 endpoint;
    bool has_port = true;
};
struct Spellings {
    std::optional<Spelling> via;
    std::optional<Spelling> uri;
    std::optional<Spelling> mapped;  // of an endpoint with a mapping of its own
};

// One end-to-end flow of SIP.
struct Flow {
    Endpoint4 inside;
    Endpoint4 outside;
    Endpoint4 remote;
    Proto proto = Proto::udp;
};

class OutwardBook final : public AddressBook {
  public:
    OutwardBook(const nat::MappingService& service, const Flow& flow, Spellings& spellings)
        : service_(service), flow_(flow), spellings_(spellings) {}

    std::optional<Named> translate(Place place, const Named& named) override;
    std::optional<Ip4> received(Ip4 address) override;
    std::optional<Port> rport(Port port) override;
    // Somebody else's inside address was named.
    bool foreign() const { return foreign_; }

  private:
    std::optional<Endpoint4> own_mapping(Endpoint4 inside) const;

    const nat::MappingService& service_;
    Flow flow_;
    Spellings& spellings_;
    bool foreign_ = false;
};

class InwardBook final : public AddressBook {
  public:
    InwardBook(const nat::MappingService& service, const Flow& flow, const Spellings& spellings)
        : service_(service), flow_(flow), spellings_(spellings) {}

    std::optional<Named> translate(Place place, const Named& named) override;
    std::optional<Ip4> received(Ip4 address) override;
    std::optional<Port> rport(Port port) override;

  private:
    const nat::MappingService& service_;
    Flow flow_;
    const Spellings& spellings_;
};

}  // namespace gatehouse::sip
