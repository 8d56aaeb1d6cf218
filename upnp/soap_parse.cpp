// SPDX-License-Identifier: GPL-2.0-or-later
//
// The one place that knows the XML library.
#include <algorithm>
#include <pugixml.hpp>

#include "gateway/base/text.h"
#include "upnp/soap.h"

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

}  // namespace

Result<SoapCall, SoapFault> parse_soap(std::string_view body) {
    const auto marks = static_cast<std::size_t>(std::count(body.begin(), body.end(), '<'));
    if (body.size() > kLongestCall || marks > kMostMarks)
        return fail(SoapFault(SoapFault::too_long));
    pugi::xml_document document;
    constexpr unsigned kHow = pugi::parse_escapes | pugi::parse_eol | pugi::parse_cdata |
                              pugi::parse_doctype | pugi::parse_ws_pcdata_single;
    if (!document.load_buffer(body.data(), body.size(), kHow)) {
        return fail(SoapFault(SoapFault::not_xml));
    }
    if (has_document_type(document)) return fail(SoapFault(SoapFault::document_type));
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

}  // namespace gatehouse::upnp
