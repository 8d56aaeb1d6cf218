// SPDX-License-Identifier: GPL-2.0-or-later
//
// What is said to the gateway outside, and what it says: NAT-PMP, PCP, SSDP, HTTP and SOAP from the
// side of a client. Answers are a stranger's: lengths are looked at before anything is read, what
// is not understood is discarded as a whole, and an address that leads anywhere but to the gateway
// itself is none.
#pragma once

#include "upnp/pcp.h"
#include "upnp/soap.h"

namespace gatehouse::upnp::upstream {

// Requests of NAT-PMP and PCP. A lifetime of 0 ends the mapping.
struct MapAsk {
    Proto proto = Proto::udp;
    Port port;  // inside and outside
    std::uint32_t lifetime = 0;
    pcp::Nonce nonce{};  // of PCP
    bool exact = true;   // PCP: rather none than another port
};
std::string write_pcp_map(Ip4 own, const MapAsk& ask);
std::string write_pcp_announce(Ip4 own);
std::string write_natpmp_address();
std::string write_natpmp_map(const MapAsk& ask);

struct MapAnswer {
    enum class Kind : std::uint8_t { address, map, announce };

    bool pcp = false;
    Kind kind = Kind::address;
    std::uint16_t result = 0;  // 0: success
    std::uint32_t epoch = 0;   // seconds
    std::uint32_t lifetime = 0;
    Proto proto = Proto::udp;
    Port inside;
    Port outside;
    Ip4 address;  // outside, where it says
    pcp::Nonce nonce{};
};
std::optional<MapAnswer> parse_map_answer(Bytes bytes);

// Where something is on the web; only addresses, no names.
struct Url {
    Endpoint4 server;
    std::string path;

    friend bool operator==(const Url&, const Url&) = default;
};
constexpr std::size_t kLongestPath = 512;
// base: what a path alone belongs to.
std::optional<Url> parse_url(std::string_view text, const Url* base);

std::string write_search(const Endpoint4& to);
// Where the description is, and which life of the gateway this is.
struct Found {
    Url description;
    std::string boot;

    friend bool operator==(const Found&, const Found&) = default;
};
std::optional<Found> parse_found(std::string_view message, Ip4 gateway);

std::string write_get(const Url& url);
std::string write_post(const Url& url, std::string_view service, std::string_view action,
                       const SoapValues& arguments);

constexpr std::size_t kLongestDocument = 65536;
// Whether the answer to a request is there to its end.
bool is_whole(std::string_view answer);
struct Document {
    unsigned status = 0;
    std::string body;
};
std::optional<Document> parse_document(std::string_view answer);

// A service that maps ports, in a description that came from there, but for so many that are
// better. (soap_parse.cpp)
struct Connection {
    std::string service;  // its type
    Url control;

    friend bool operator==(const Connection&, const Connection&) = default;
};
std::optional<Connection> find_connection(std::string_view description, const Url& from,
                                          std::size_t skip = 0);
// The code of the error that an answer of SOAP holds. (soap_parse.cpp)
std::optional<std::uint16_t> parse_soap_error(std::string_view body);

}  // namespace gatehouse::upnp::upstream
