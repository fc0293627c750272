//! Where a server says that the file is elsewhere.

use super::*;

/// The answer that sends on to another place.
fn to(place: &str) -> Reply {
    Reply::new(&format!("302 Found\r\nLocation: {place}"), b"elsewhere")
}

#[test]
fn redirects_are_followed_to_other_paths_and_servers() {
    let other = Server::new(|request| Reply::ranged(request, &content()));
    let url = other.url.clone();
    let server = Server::new(move |request| match request.path.as_str() {
        "/digits" => to("/latest"),
        _ => to(&format!("{url}/digits?version=2")),
    });
    let folder = Folder::new("redirect");
    // What is there already is not asked for again at the other place.
    fs::write(folder.part(), &content()[..40_000]).unwrap();
    fetch(&source(&[&server]), &folder.file(), &options()).unwrap();
    folder.is_right();
    assert_eq!(other.ranges(), [Some(40_000)]);
    assert_eq!(other.asked.lock().unwrap()[0].0, "/digits?version=2");
}

#[test]
fn five_are_followed_and_six_are_not() {
    for (n, is_followed) in [(5, true), (6, false)] {
        let answer = move |request: &server::Request| match request.number {
            i if i < n => to(&format!("/{i}")),
            _ => Reply::ok(&content()),
        };
        let (folder, server) = (Folder::new("many-redirects"), Server::new(answer));
        if is_followed {
            fetch(&source(&[&server]), &folder.file(), &options()).unwrap();
            folder.is_right();
        } else {
            let message = fails(&folder, &server);
            assert!(message.contains("more than 5 redirects"), "{message}");
        }
        assert_eq!(server.ranges().len(), 6);
    }
}

#[test]
fn a_circle_ends() {
    let circle = Server::new(|_| Reply::new("301 Moved Permanently\r\nLocation: /digits", b""));
    assert!(fails(&Folder::new("circle"), &circle).contains("more than 5 redirects"));
    assert_eq!(circle.ranges().len(), 6);
}

#[test]
fn only_the_web_is_followed() {
    // A file of this machine that would be the right one.
    let own = Folder::new("redirected-file");
    fs::create_dir_all(own.0.join("own")).unwrap();
    fs::write(own.0.join("own/digits"), content()).unwrap();
    let path = own.0.join("own/digits").display().to_string();
    let places = [
        format!("file://{path}"),
        format!("file://localhost{path}"),
        "ftp://127.0.0.1/digits".into(),
    ];
    for place in places.into_iter().chain(["data:text/plain,digits".into(), "http:".into()]) {
        let server = Server::new(move |request| match request.path.as_str() {
            "/digits" => to(&place),
            _ => Reply::new("404 Not Found", b""),
        });
        let folder = Folder::new("scheme");
        fails(&folder, &server);
        assert!(!folder.part().exists());
    }
}

#[test]
fn a_redirect_to_nowhere_is_a_failure() {
    let server = Server::new(|_| Reply::new("302 Found", b""));
    fails(&Folder::new("nowhere"), &server);
}
