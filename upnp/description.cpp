// SPDX-License-Identifier: GPL-2.0-or-later
#include "upnp/description.h"

#include "gateway/base/text.h"

namespace gatehouse::upnp {

namespace {

constexpr std::string_view kXml = "<?xml version=\"1.0\"?>\n";

void element(std::string& out, std::string_view name, std::string_view text) {
    append(out, '<', name, '>', escape_xml(text), "</", name, ">\n");
}

class DeviceWriter {
  public:
    DeviceWriter(Tree tree, const Identity& identity, std::string_view version,
                 std::string_view base)
        : tree_(tree), identity_(identity), version_(version), base_(base) {}

    std::string write() {
        append(out_, kXml, "<root xmlns=\"urn:schemas-upnp-org:device-1-0\"");
        // Version 1.0 of the architecture does not know it.
        if (tree_ == Tree::igd2) append(out_, " configId=\"", config_number(version_), '"');
        append(out_, ">\n<specVersion>\n<major>1</major>\n<minor>", tree_ == Tree::igd1 ? 0 : 1,
               "</minor>\n</specVersion>\n");
        // The devices stand one inside the other.
        const std::size_t devices = devices_of(tree_).size();
        for (std::size_t place = 0; place < devices; ++place)
            begin_device(place);
        for (std::size_t place = devices; place-- > 0;)
            end_device(place);
        out_ += "</root>\n";
        return std::move(out_);
    }

  private:
    void begin_device(std::size_t place) {
        const DeviceModel& model = devices_of(tree_)[place];
        if (place > 0) out_ += "<deviceList>\n";
        out_ += "<device>\n";
        element(out_, "deviceType", model.type);
        element(out_, "friendlyName",
                place == 0 ? std::string(kProduct) : concat(kProduct, ' ', model.model));
        element(out_, "manufacturer", kProduct);
        element(out_, "modelDescription", "Home gateway");
        element(out_, "modelName", model.model);
        element(out_, "modelNumber", version_);
        element(out_, "serialNumber", identity_.uuid(tree_, model.kind).substr(0, 8));
        element(out_, "UDN", concat("uuid:", identity_.uuid(tree_, model.kind)));
        services(model.kind);
    }

    void end_device(std::size_t place) {
        if (place == 0) element(out_, "presentationURL", concat(base_, "/"));
        out_ += place > 0 ? "</device>\n</deviceList>\n" : "</device>\n";
    }

    void services(DeviceKind device) {
        out_ += "<serviceList>\n";
        for (const ServiceModel* service : services_of(tree_)) {
            if (service->device != device) continue;
            out_ += "<service>\n";
            element(out_, "serviceType", service->type);
            element(out_, "serviceId", service->id);
            element(out_, "SCPDURL", identity_.service_path(tree_, *service, "scpd.xml"));
            element(out_, "controlURL", identity_.service_path(tree_, *service, "control"));
            element(out_, "eventSubURL", identity_.service_path(tree_, *service, "event"));
            out_ += "</service>\n";
        }
        out_ += "</serviceList>\n";
    }

    Tree tree_;
    const Identity& identity_;
    std::string_view version_;
    std::string_view base_;
    std::string out_;
};

void write_action(std::string& out, const Action& action) {
    out += "<action>\n";
    element(out, "name", action.name);
    const auto arguments = action.arguments();
    if (!arguments.empty()) out += "<argumentList>\n";
    for (const Argument& argument : arguments) {
        out += "<argument>\n";
        element(out, "name", argument.name);
        element(out, "direction", argument.is_out ? "out" : "in");
        element(out, "relatedStateVariable", argument.variable);
        out += "</argument>\n";
    }
    if (!arguments.empty()) out += "</argumentList>\n";
    out += "</action>\n";
}

void write_variable(std::string& out, const Variable& variable) {
    append(out, "<stateVariable sendEvents=\"", variable.evented ? "yes" : "no", "\">\n");
    element(out, "name", variable.name);
    element(out, "dataType", variable.type);
    if (!variable.allowed.empty()) {
        out += "<allowedValueList>\n";
        for (const std::string_view value : split(variable.allowed, ' '))
            element(out, "allowedValue", value);
        out += "</allowedValueList>\n";
    }
    if (!variable.range.empty()) {
        const auto ends = split(variable.range, ' ');
        out += "<allowedValueRange>\n";
        element(out, "minimum", ends[0]);
        element(out, "maximum", ends[1]);
        out += "</allowedValueRange>\n";
    }
    out += "</stateVariable>\n";
}

}  // namespace

std::uint32_t config_number(std::string_view version) {
    return static_cast<std::uint32_t>(siphash(HashKey{}, as_bytes(version)) & 0xffffffU);
}

std::string write_device_description(Tree tree, const Identity& identity, std::string_view version,
                                     std::string_view base) {
    return DeviceWriter(tree, identity, version, base).write();
}

std::string write_scpd(const ServiceModel& service) {
    std::string out(kXml);
    out +=
        "<scpd xmlns=\"urn:schemas-upnp-org:service-1-0\">\n"
        "<specVersion>\n<major>1</major>\n<minor>0</minor>\n</specVersion>\n<actionList>\n";
    for (const Action& action : service.actions)
        write_action(out, action);
    out += "</actionList>\n<serviceStateTable>\n";
    for (const Variable& variable : service.variables)
        write_variable(out, variable);
    out += "</serviceStateTable>\n</scpd>\n";
    return out;
}

std::string write_presentation(std::string_view version) {
    return concat("<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>",
                  kProduct, "</title></head><body><h1>", kProduct, ' ', escape_xml(version),
                  "</h1><p>This gateway lets devices of the house open ports. On the gateway, "
                  "<code>gatehouse forwards</code> lists them.</p></body></html>\n");
}

}  // namespace gatehouse::upnp
