// SPDX-License-Identifier: GPL-2.0-or-later
//
// The two ends of a UDP flow, for a guest that has little else:
//   datagrams serve ADDRESS PORT       answers everything with how many datagrams there were and
//                                      how many named an inside address: "seen 100 inside 3"; an
//                                      INVITE as a phone would, with that behind it
//   datagrams say ADDRESS PORT LOCAL COUNT MS [MEDIA]   sends that many with a pause between them
//                                      and waits for the answer to each; with MEDIA they are
//                                      INVITEs that offer audio at that port. Prints how many
//                                      answers came, how many of them named the sender's own
//                                      address, and what the server has seen
#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

namespace {

sockaddr_in endpoint(const char* address, int port) {
    sockaddr_in out{};
    out.sin_family = AF_INET;
    out.sin_port = htons(static_cast<std::uint16_t>(port));
    inet_pton(AF_INET, address, &out.sin_addr);
    return out;
}

int bound_socket(const char* address, int port) {
    const int fd = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    const sockaddr_in local = endpoint(address, port);
    if (fd < 0 || ::bind(fd, reinterpret_cast<const sockaddr*>(&local), sizeof local) != 0) {
        std::perror("datagrams");
        std::exit(1);
    }
    return fd;
}

std::string with_body(const std::string& headers, const std::string& host, int media) {
    const std::string body = "v=0\r\no=- 1 1 IN IP4 " + host + "\r\ns=-\r\nc=IN IP4 " + host +
                             "\r\nt=0 0\r\nm=audio " + std::to_string(media) + " RTP/AVP 0\r\n";
    return headers +
           "Content-Type: application/sdp\r\nContent-Length: " + std::to_string(body.size()) +
           "\r\n\r\n" + body;
}

// To an INVITE that of a phone, with the text in it.
std::string answer_to(const std::string& request, const std::string& text) {
    if (request.rfind("INVITE ", 0) != 0) return text;
    std::string headers = "SIP/2.0 200 OK\r\n";
    for (const char* name : {"Via:", "From:", "To:", "Call-ID:", "CSeq:"}) {
        const std::size_t at = request.find(std::string("\r\n") + name);
        if (at == std::string::npos) return text;
        const std::string line = request.substr(at + 2, request.find("\r\n", at + 2) - at - 2);
        headers += line + (line == "To: <sip:b@x>" ? ";tag=2" : "") + "\r\n";
    }
    headers += "Contact: <sip:b@11.0.0.2>\r\nServer: " + text + "\r\n";
    return with_body(headers, "11.0.0.2", 7000);
}

int serve(const char* address, int port) {
    const int fd = bound_socket(address, port);
    char buffer[2000];
    for (unsigned seen = 0, inside = 0;;) {
        sockaddr_in from{};
        socklen_t size = sizeof from;
        const ssize_t got =
            ::recvfrom(fd, buffer, sizeof buffer - 1, 0, reinterpret_cast<sockaddr*>(&from), &size);
        if (got < 0) return 1;
        ++seen;
        const std::string text(buffer, static_cast<std::size_t>(got));
        if (text.find("192.168.1.") != std::string::npos) ++inside;
        const std::string answer =
            answer_to(text, "seen " + std::to_string(seen) + " inside " + std::to_string(inside));
        ::sendto(fd, answer.data(), answer.size(), 0, reinterpret_cast<sockaddr*>(&from), size);
    }
}

std::string invite(int number, int local, int media) {
    const std::string port = std::to_string(local);
    return with_body("INVITE sip:bob@11.0.0.2 SIP/2.0\r\nVia: SIP/2.0/UDP 192.168.1.10:" + port +
                         ";branch=z9hG4bK" + std::to_string(number) +
                         "\r\nMax-Forwards: 70\r\nFrom: <sip:a@x>;tag=1\r\nTo: <sip:b@x>" +
                         (number > 1 ? ";tag=2" : "") +
                         "\r\nCall-ID: guest\r\nCSeq: " + std::to_string(number) +
                         " INVITE\r\nContact: <sip:a@192.168.1.10:" + port + ">\r\n",
                     "192.168.1.10", media);
}

int say(char** words, int media) {
    const int local = std::atoi(words[2]);
    const int fd = bound_socket("0.0.0.0", local);
    const sockaddr_in to = endpoint(words[0], std::atoi(words[1]));
    const std::string own = "192.168.1.10:" + std::to_string(local);
    std::string last = "nothing";
    unsigned answered = 0, restored = 0;
    const int count = std::atoi(words[3]);
    for (int i = 0; i < count; ++i) {
        const std::string text = media != 0 ? invite(i + 1, local, media) : "datagram";
        ::sendto(fd, text.data(), text.size(), 0, reinterpret_cast<const sockaddr*>(&to),
                 sizeof to);
        pollfd waiting{fd, POLLIN, 0};
        char buffer[2000];
        const ssize_t got =
            ::poll(&waiting, 1, 2000) == 1 ? ::recv(fd, buffer, sizeof buffer, 0) : -1;
        if (got >= 0) {
            last.assign(buffer, static_cast<std::size_t>(got));
            ++answered;
            if (last.find("Via: SIP/2.0/UDP " + own) != std::string::npos) ++restored;
        }
        ::usleep(static_cast<useconds_t>(std::atoi(words[4])) * 1000U);
    }
    const std::size_t seen = std::min(last.find("seen "), last.size());
    std::printf("answered %u of %d, restored %u, %s\n", answered, count, restored,
                last.substr(seen, last.find("\r\n", seen) - seen).c_str());
    return 0;
}

}  // namespace

int main(int count, char** words) {
    if (count == 4 && std::strcmp(words[1], "serve") == 0)
        return serve(words[2], std::atoi(words[3]));
    if (count >= 7 && std::strcmp(words[1], "say") == 0)
        return say(words + 2, count == 8 ? std::atoi(words[7]) : 0);
    std::fputs("see the head of datagrams.cpp\n", stderr);
    return 2;
}
