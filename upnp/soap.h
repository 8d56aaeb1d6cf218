// SPDX-License-Identifier: GPL-2.0-or-later
//
// SOAP 1.1 as UPnP uses it: the call in a request, its answer, its error. Limits before anything is
// parsed: kLongestCall bytes, kMostMarks markup characters, so that neither depth nor number of
// elements grows beyond them; a document type is refused whatever is in it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gateway/base/result.h"

namespace gatehouse::upnp {

constexpr std::size_t kLongestCall = 16384;
constexpr std::size_t kMostMarks = 256;
constexpr std::size_t kMostArguments = 32;
constexpr std::size_t kLongestValue = 1024;

// UPnP Device Architecture 3.2.2 and the standards of the services.
enum class SoapError : std::uint16_t {
    invalid_action = 401,
    invalid_args = 402,
    invalid_var = 404,
    action_failed = 501,
    argument_out_of_range = 601,
    optional_action = 602,
    not_authorized = 606,
    pinhole_space_exhausted = 701,  // WANIPv6FirewallControl
    inbound_pinhole_not_allowed = 703,
    no_such_pinhole = 704,
    protocol_not_supported = 705,
    internal_port_wildcard = 706,
    protocol_wildcard = 707,
    no_traffic = 709,
    connection_not_configured = 710,  // InvalidConnectionType
    array_index_invalid = 713,        // WANIPConnection
    no_such_entry = 714,
    external_port_wildcard = 716,
    conflict = 718,
    invalid_device_uuid = 720,  // Layer3Forwarding
    invalid_service_id = 721,
    no_port_maps_available = 728,
    other_mechanism = 729,
    port_mapping_not_found = 730,
    read_only = 731,
    internal_port_wildcard_v2 = 732,
    inconsistent_parameters = 733,
};
std::string_view to_string(SoapError error);  // "ConflictInMappingEntry"

using SoapValues = std::vector<std::pair<std::string, std::string>>;

struct SoapCall {
    std::string service;  // the namespace of the action
    std::string action;
    SoapValues arguments;

    const std::string* find(std::string_view name) const;
};

// Why a body is no call; the label of its counter.
enum class SoapFault : std::uint8_t { too_long, not_xml, document_type, not_soap };

Result<SoapCall, SoapFault> parse_soap(std::string_view body);

// "urn:schemas-upnp-org:service:WANIPConnection:1#AddPortMapping", with or without quotes: service
// and action, both empty where it is nothing of the kind.
std::pair<std::string_view, std::string_view> parse_soap_action(std::string_view header);

std::string write_soap_call(std::string_view service, std::string_view action,
                            const SoapValues& arguments);
std::string write_soap_answer(std::string_view service, std::string_view action,
                              const SoapValues& out);
std::string write_soap_error(SoapError error);

}  // namespace gatehouse::upnp
