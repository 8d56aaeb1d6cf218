// SPDX-License-Identifier: GPL-2.0-or-later
//
// Walks over the places of a message that may name an endpoint, asks an address book what stands
// there instead, and notes the edits. The same walk serves both directions; only the books differ.
// Places (RFC 3261, 3325, 3327, 3515, 3608, 3892): every Via hop with its received and rport, every
// Contact, the request URI on its way in, and Route, Record-Route, Path, Service-Route, Refer-To,
// Referred-By and asserted identities. Whatever else looks like an address is opaque.
#pragma once

#include <cstdint>
#include <optional>

#include "alg/edits.h"
#include "alg/message.h"
#include "alg/reason.h"
#include "alg/sdp.h"
#include "gateway/base/ip.h"

namespace gatehouse::sip {

constexpr Port kSipPort{5060};
constexpr Port kSipsPort{5061};

enum class Place : std::uint8_t {
    via,
    contact,
    request_uri,
    other,  // only where it names what is there already
};

// An address as it stands in a header: without a port the default of its place holds.
struct Named {
    Ip4 address;
    std::optional<Port> port;
    Port default_port = kSipPort;

    Endpoint4 endpoint() const { return {address, port.value_or(default_port)}; }
};

class AddressBook {
  public:
    virtual ~AddressBook() = default;

    // What stands there instead; nothing: it stays.
    virtual std::optional<Named> translate(Place place, const Named& named) = 0;
    // Where a translated Via hop was seen to come from.
    virtual std::optional<Ip4> received(Ip4 address) = 0;
    virtual std::optional<Port> rport(Port port) = 0;
};

// A literal of IPv4 in its usual form, with a port in its usual form or none. Only such names are
// ever translated, so that the way back restores them byte for byte.
std::optional<Named> usual_name(std::string_view host, std::string_view port, Port default_port);

// Refused where a Via or a Contact is not understood; then no edit is noted.
std::optional<Reason> rewrite_headers(const Message& message, AddressBook& book, bool inward,
                                      Edits& edits);

// What the media of a session description are on the other side.
struct WantedMedia {
    Endpoint4 rtp;
    std::optional<Endpoint4> rtcp;  // nothing: it has none of its own
    std::uint32_t count = 1;        // neighbouring pairs
    std::optional<Port> outside{};  // the first port, where it can be had
};
struct OpenedMedia {
    Endpoint4 rtp;
    Port rtcp;
};

// Ports that are never opened for media: those below 1024, and those of services that hosts offer
// inside the house.
bool is_refused_port(Port port);

class MediaPorts {
  public:
    virtual ~MediaPorts() = default;

    // The outside address that stands for the inside one.
    virtual Ip4 outside_address() = 0;
    // The outside endpoints of a stream; fails with limit where there may be no more, and with
    // refused_port where the stream stays closed.
    virtual Result<OpenedMedia, Reason> open(const WantedMedia& wanted) = 0;
    // Whether the stream is open already.
    virtual bool is_open(Endpoint4 rtp) = 0;
};

// `self` is the only address that is translated. no_help where it is not named.
Reason rewrite_outward(const Sdp& sdp, Ip4 self, MediaPorts& ports, Edits& edits);

class MediaLookup {
  public:
    virtual ~MediaLookup() = default;

    virtual bool is_outside(Ip4 address) = 0;
    virtual std::optional<Endpoint4> inside_of(Endpoint4 outside) = 0;
};

// `self` stands for the outside address where no stream says whose it is. A description whose
// streams lead to different hosts, or to none, stays.
Reason rewrite_inward(const Sdp& sdp, Ip4 self, MediaLookup& lookup, Edits& edits);

}  // namespace gatehouse::sip
