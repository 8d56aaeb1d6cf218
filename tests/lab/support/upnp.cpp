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

}  // namespace gatehouse::lab
