// SPDX-License-Identifier: GPL-2.0-or-later
//
// The one place that knows the XML library.
#include <algorithm>
#include <array>
#include <pugixml.hpp>

#include "gateway/base/text.h"
#include "upnp/soap.h"
#include "upnp/upstream_codec.h"

namespace gatehouse::upnp {

namespace {

std::string_view local_name(std::string_view name) {
    const std::size_t colon = name.find(':');
    return colon == std::string_view::npos ? name : name.substr(colon + 1);
}

pugi::xml_node child_named(const pugi::xml_node& parent, std::string_view name) {
    for (const pugi::xml_node& child : parent.children()) {
        if (child.type() == pugi::node_element && local_name(child.name()) == name) return child;
    }
    return {};
}

pugi::xml_node first_element(const pugi::xml_node& parent) {
    for (const pugi::xml_node& child : parent.children()) {
        if (child.type() == pugi::node_element) return child;
    }
    return {};
}

// What the prefix of the element stands for, as far as the element itself or its parents say.
std::string namespace_of(pugi::xml_node node) {
    const std::string_view name = node.name();
    const std::size_t colon = name.find(':');
    const std::string wanted = colon == std::string_view::npos
                                   ? std::string("xmlns")
                                   : concat("xmlns:", name.substr(0, colon));
    for (; node; node = node.parent()) {
        const pugi::xml_attribute attribute = node.attribute(wanted.c_str());
        if (attribute) return attribute.value();
    }
    return {};
}

bool has_document_type(const pugi::xml_document& document) {
    const auto children = document.children();
    return std::any_of(children.begin(), children.end(), [](const pugi::xml_node& node) {
        return node.type() == pugi::node_doctype;
    });
}

struct Limits {
    std::size_t bytes = kLongestCall;
    std::size_t marks = kMostMarks;
};

std::optional<SoapFault> load(std::string_view text, const Limits& limits,
                              pugi::xml_document& document) {
    const auto marks = static_cast<std::size_t>(std::count(text.begin(), text.end(), '<'));
    if (text.size() > limits.bytes || marks > limits.marks) return SoapFault::too_long;
    constexpr unsigned kHow = pugi::parse_escapes | pugi::parse_eol | pugi::parse_cdata |
                              pugi::parse_doctype | pugi::parse_ws_pcdata_single;
    if (!document.load_buffer(text.data(), text.size(), kHow)) return SoapFault::not_xml;
    if (has_document_type(document)) return SoapFault::document_type;
    return std::nullopt;
}

// The first element of that name at any depth. The library goes down and up without recursion.
pugi::xml_node find_named(const pugi::xml_node& top, std::string_view name) {
    return top.find_node([name](const pugi::xml_node& node) {
        return node.type() == pugi::node_element && local_name(node.name()) == name;
    });
}

}  // namespace

Result<SoapCall, SoapFault> parse_soap(std::string_view body) {
    pugi::xml_document document;
    if (const auto fault = load(body, {}, document)) return fail(SoapFault(*fault));
    const pugi::xml_node envelope = child_named(document, "Envelope");
    const pugi::xml_node action = first_element(child_named(envelope, "Body"));
    if (!action) return fail(SoapFault(SoapFault::not_soap));
    SoapCall call;
    call.action = local_name(action.name());
    call.service = namespace_of(action);
    for (const pugi::xml_node& child : action.children()) {
        if (child.type() != pugi::node_element) continue;
        std::string_view value = child.child_value();
        if (call.arguments.size() == kMostArguments) return fail(SoapFault(SoapFault::too_long));
        value = value.substr(0, kLongestValue);
        call.arguments.emplace_back(local_name(child.name()), trim(value));
    }
    return call;
}

namespace upstream {

namespace {

// What maps ports, best first.
constexpr std::array kServices{
    std::string_view("urn:schemas-upnp-org:service:WANIPConnection:1"),
    std::string_view("urn:schemas-upnp-org:service:WANIPConnection:2"),
    std::string_view("urn:schemas-upnp-org:service:WANPPPConnection:1"),
};
constexpr Limits kDescription{kLongestDocument, 4096};

pugi::xml_node service_of_type(const pugi::xml_document& document, std::string_view type) {
    return document.find_node([type](const pugi::xml_node& node) {
        return node.type() == pugi::node_element && local_name(node.name()) == "service" &&
               trim(child_named(node, "serviceType").child_value()) == type;
    });
}

}  // namespace

std::optional<Connection> find_connection(std::string_view description, const Url& from,
                                          std::size_t skip) {
    pugi::xml_document document;
    if (load(description, kDescription, document)) return std::nullopt;
    Url base = from;
    const auto written = parse_url(find_named(document, "URLBase").child_value(), nullptr);
    if (written && written->server.address == from.server.address) base = *written;
    for (const std::string_view type : kServices) {
        const pugi::xml_node service = service_of_type(document, type);
        if (!service) continue;
        const auto control = parse_url(child_named(service, "controlURL").child_value(), &base);
        if (!control || control->server.address != from.server.address) continue;
        if (skip-- > 0) continue;
        return Connection{std::string(type), *control};
    }
    return std::nullopt;
}

std::optional<std::uint16_t> parse_soap_error(std::string_view body) {
    pugi::xml_document document;
    if (load(body, {}, document)) return std::nullopt;
    return parse_number<std::uint16_t>(trim(find_named(document, "errorCode").child_value()));
}

}  // namespace upstream
}  // namespace gatehouse::upnp
