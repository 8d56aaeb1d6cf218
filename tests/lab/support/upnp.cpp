// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/lab/support/upnp.h"

#include "gateway/base/text.h"
#include "tests/lab/support/sockets.h"

namespace gatehouse::lab {

std::string description_of(const Host& host, std::string_view target, std::string_view router) {
    constexpr std::string_view kLocation = "LOCATION: ";
    const UdpSocket socket = host.udp();
    std::string found = "nobody";
    // The daemon may still be opening its sockets.
    (void)eventually(
        [&] {
            socket.send_to(At(concat(router, ":1900")),
                           concat("M-SEARCH * HTTP/1.1\r\nHOST: ", router,
                                  ":1900\r\nMAN: \"ssdp:discover\"\r\nST: ", target, "\r\n\r\n"));
            const auto answer = socket.receive(500ms);
            if (!answer) return false;
            const std::size_t begin = answer->data.find(kLocation);
            if (begin == std::string::npos) return false;
            const std::size_t end = answer->data.find("\r\n", begin);
            found = answer->data.substr(begin + kLocation.size(), end - begin - kLocation.size());
            return true;
        },
        10s);
    return found;
}

Ran upnpc(const Host& host, const Command& words, std::string_view target,
          std::string_view router) {
    Command whole{"upnpc", "-u", description_of(host, target, router)};
    whole.insert(whole.end(), words.begin(), words.end());
    return host.run(whole, 20s);
}

namespace {

constexpr std::string_view kService = "urn:schemas-upnp-org:service:WANIPConnection:1";
constexpr std::string_view kServer = "192.168.1.1:5000";

}  // namespace

IgdClient::IgdClient(const Host& host) : host_(host) {
    const std::string location = description_of(host);
    const std::size_t path = location.find('/', sizeof "http://");
    if (path == std::string::npos) throw LabError("no gateway: " + location);
    const std::string text =
        ask(concat("GET ", std::string_view(location).substr(path), " HTTP/1.1\r\nHost: ", kServer,
                   "\r\nConnection: close\r\n\r\n"));
    const std::string_view tag = "<controlURL>";
    const std::size_t service = text.find(kService);
    const std::size_t begin = text.find(tag, service);
    const std::size_t end = text.find('<', begin + 1);
    if (service == std::string::npos || end == std::string::npos) {
        throw LabError("no WANIPConnection: " + text);
    }
    control_ = text.substr(begin + tag.size(), end - begin - tag.size());
}

bool IgdClient::add(std::uint32_t port, std::string_view client) const {
    const std::string body = concat(
        "<?xml version=\"1.0\"?><s:Envelope "
        "xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\" "
        "s:encodingStyle=\"http://schemas.xmlsoap.org/soap/encoding/\"><s:Body>"
        "<u:AddPortMapping xmlns:u=\"",
        kService, "\"><NewRemoteHost></NewRemoteHost><NewExternalPort>", port,
        "</NewExternalPort><NewProtocol>UDP</NewProtocol><NewInternalPort>", port,
        "</NewInternalPort><NewInternalClient>", client,
        "</NewInternalClient><NewEnabled>1</NewEnabled><NewPortMappingDescription>many"
        "</NewPortMappingDescription><NewLeaseDuration>3600</NewLeaseDuration>"
        "</u:AddPortMapping></s:Body></s:Envelope>");
    const std::string answer = ask(
        concat("POST ", control_, " HTTP/1.1\r\nHost: ", kServer,
               "\r\nContent-Type: text/xml; charset=\"utf-8\"\r\nConnection: close\r\n"
               "SOAPAction: \"",
               kService, "#AddPortMapping\"\r\nContent-Length: ", body.size(), "\r\n\r\n", body));
    return answer.find(" 200 ") < answer.find('\r');
}

std::string IgdClient::ask(std::string_view request) const {
    TcpConnection connection = host_.connect(kServer);
    std::string out;
    if (!connection.send(request)) return out;
    while (const auto more = connection.receive(5s)) {
        if (more->empty()) break;
        out += *more;
    }
    return out;
}

}  // namespace gatehouse::lab
