// SPDX-License-Identifier: GPL-2.0-or-later
#include "upnp/soap.h"

#include <algorithm>

#include "gateway/base/text.h"

namespace gatehouse::upnp {

namespace {

constexpr std::string_view kHead =
    "<?xml version=\"1.0\"?>\r\n"
    "<s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\" "
    "s:encodingStyle=\"http://schemas.xmlsoap.org/soap/encoding/\">\r\n<s:Body>\r\n";
constexpr std::string_view kTail = "</s:Body>\r\n</s:Envelope>\r\n";

}  // namespace

std::string_view to_string(SoapError error) {
    switch (error) {
        case SoapError::invalid_action: return "Invalid Action";
        case SoapError::invalid_args: return "Invalid Args";
        case SoapError::invalid_var: return "Invalid Var";
        case SoapError::action_failed: return "Action Failed";
        case SoapError::argument_out_of_range: return "Argument Value Out of Range";
        case SoapError::optional_action: return "OptionalActionNotImplemented";
        case SoapError::not_authorized: return "Action not authorized";
        case SoapError::pinhole_space_exhausted: return "PinholeSpaceExhausted";
        case SoapError::inbound_pinhole_not_allowed: return "InboundPinholeNotAllowed";
        case SoapError::no_such_pinhole: return "NoSuchEntry";
        case SoapError::protocol_not_supported: return "ProtocolNotSupported";
        case SoapError::internal_port_wildcard: return "InternalPortWildcardingNotAllowed";
        case SoapError::protocol_wildcard: return "ProtocolWildcardingNotAllowed";
        case SoapError::no_traffic: return "NoTrafficReceived";
        case SoapError::connection_not_configured: return "InvalidConnectionType";
        case SoapError::array_index_invalid: return "SpecifiedArrayIndexInvalid";
        case SoapError::no_such_entry: return "NoSuchEntryInArray";
        case SoapError::external_port_wildcard: return "WildCardNotPermittedInExtPort";
        case SoapError::conflict: return "ConflictInMappingEntry";
        case SoapError::invalid_device_uuid: return "InvalidDeviceUUID";
        case SoapError::invalid_service_id: return "InvalidServiceID";
        case SoapError::no_port_maps_available: return "NoPortMapsAvailable";
        case SoapError::other_mechanism: return "ConflictWithOtherMechanisms";
        case SoapError::port_mapping_not_found: return "PortMappingNotFound";
        case SoapError::read_only: return "ReadOnly";
        case SoapError::internal_port_wildcard_v2: return "WildCardNotPermittedInIntPort";
        case SoapError::inconsistent_parameters: return "InconsistentParameters";
    }
    return "";
}

const std::string* SoapCall::find(std::string_view name) const {
    const auto found = std::find_if(arguments.begin(), arguments.end(),
                                    [name](const auto& one) { return one.first == name; });
    return found == arguments.end() ? nullptr : &found->second;
}

std::pair<std::string_view, std::string_view> parse_soap_action(std::string_view header) {
    header = trim(header);
    if (header.starts_with('"')) {
        if (header.size() < 2 || !header.ends_with('"')) return {};
        header = header.substr(1, header.size() - 2);
    }
    const std::size_t hash = header.rfind('#');
    if (hash == std::string_view::npos) return {};
    return {header.substr(0, hash), header.substr(hash + 1)};
}

std::string write_soap_call(std::string_view service, std::string_view action,
                            const SoapValues& arguments) {
    std::string text = concat(kHead, "<u:", action, " xmlns:u=\"", escape_xml(service), "\">\r\n");
    for (const auto& [name, value] : arguments)
        append(text, '<', name, '>', escape_xml(value), "</", name, ">\r\n");
    append(text, "</u:", action, ">\r\n", kTail);
    return text;
}

std::string write_soap_answer(std::string_view service, std::string_view action,
                              const SoapValues& out) {
    std::string text =
        concat(kHead, "<u:", action, "Response xmlns:u=\"", escape_xml(service), "\">\r\n");
    for (const auto& [name, value] : out) {
        // XML inside XML: miniupnpc reads it as it stands, and in what we write no ]]> can be.
        if (name == "NewPortListing") {
            append(text, '<', name, "><![CDATA[", value, "]]></", name, ">\r\n");
            continue;
        }
        append(text, '<', name, '>', escape_xml(value), "</", name, ">\r\n");
    }
    append(text, "</u:", action, "Response>\r\n", kTail);
    return text;
}

std::string write_soap_error(SoapError error) {
    return concat(kHead,
                  "<s:Fault>\r\n<faultcode>s:Client</faultcode>\r\n"
                  "<faultstring>UPnPError</faultstring>\r\n<detail>\r\n"
                  "<UPnPError xmlns=\"urn:schemas-upnp-org:control-1-0\">\r\n<errorCode>",
                  static_cast<unsigned>(error), "</errorCode>\r\n<errorDescription>",
                  to_string(error),
                  "</errorDescription>\r\n</UPnPError>\r\n</detail>\r\n"
                  "</s:Fault>\r\n",
                  kTail);
}

}  // namespace gatehouse::upnp
