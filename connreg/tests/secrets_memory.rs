//! What passes through the library's hands is wiped: nothing of a secret is left in the memory of this process once its last
//! user has let go of it. The memory is read by the file that Linux has of it.
#![cfg(target_os = "linux")]

use std::fs::{self, File};
use std::io::{Read as _, Seek as _, SeekFrom};

use connreg::{
    Backend, ConnectError, Connections, Context, Secret, SecretError, SecretProvider, SecretValue,
    async_trait, connection,
};

/// Something with secrets.
#[connection(type = "safe", category = "test")]
#[expect(dead_code, reason = "some settings are only there to be configured")]
struct Safe {
    /// From a provider.
    given: Secret,
    /// From a file.
    read: Secret,
    /// Put together.
    built: Secret,
}

impl Backend for Safe {
    type Client = ();

    async fn connect(&self, _context: &Context) -> Result<(), ConnectError> {
        Ok(())
    }

    async fn check(_client: &()) -> Result<(), ConnectError> {
        Ok(())
    }
}

/// What is in memory is this, and so is never a secret itself.
const CODED: [&[u8]; 3] = [
    b"bnssdbu,insrd,ng,`,qsnwheds",
    b"bnssdbu,c`uudsx,ng,`,ghmd",
    b"bnssdbu,ru`qmd,`mm,unfduids",
];

fn decode(coded: &[u8]) -> String {
    let mut text = String::with_capacity(coded.len());
    text.extend(coded.iter().map(|byte| char::from(byte ^ 1)));
    text
}

struct Provider;

#[async_trait]
impl SecretProvider for Provider {
    async fn lookup(&self, _reference: &str) -> Result<SecretValue, SecretError> {
        Ok(SecretValue::new(decode(CODED[0])))
    }
}

/// How often the secret stands in writable memory.
fn count(coded: &[u8]) -> usize {
    let maps = fs::read_to_string("/proc/self/maps").expect("the map of memory");
    let mut memory = File::open("/proc/self/mem").expect("the memory");
    let mut found = 0;
    let (mut chunk, blank) = (vec![0; 64 * 1024], vec![0; 64 * 1024]);
    for line in maps.lines().filter(|line| line.contains(" rw")) {
        let (range, _) = line.split_once(' ').expect("a range");
        let (start, end) = range.split_once('-').expect("two ends");
        let parse = |text| u64::from_str_radix(text, 16).expect("an address");
        let (mut at, end) = (parse(start), parse(end));
        while at < end {
            let length = chunk.len().min(usize::try_from(end - at).expect("it fits"));
            let read = memory
                .seek(SeekFrom::Start(at))
                .and_then(|_| memory.read(&mut chunk[..length]));
            // Some ranges can't be read.
            let Ok(read @ 1..) = read else { break };
            // Most of it was never written to.
            if chunk[..read] != blank[..read] {
                let is_here = |window: &&[u8]| window.iter().zip(coded).all(|(a, b)| *a == b ^ 1);
                found += chunk[..read].windows(coded.len()).filter(is_here).count();
            }
            // So that what was read is not found again in what it was read into.
            chunk.fill(0);
            // What lies across the border is in the next chunk.
            at += if read == length && at + (length as u64) < end {
                (length - coded.len()) as u64
            } else {
                read as u64
            };
        }
    }
    found
}

#[test]
fn nothing_is_left_of_a_secret_that_is_dropped() {
    let folder = std::env::temp_dir().join(format!("connreg-memory-{}", std::process::id()));
    fs::create_dir_all(&folder).expect("a folder");
    for (name, coded) in [("read", CODED[1]), ("built", CODED[2])] {
        let text = decode(coded);
        fs::write(folder.join(name), &text).expect("a file");
        drop(Secret::from(text));
    }
    let yaml = "test: {safe: {given: '${secret:x}', read_file: read, built: 'a-${file:built}-${secret:x}-z'}}";
    fs::write(folder.join("application.yaml"), yaml).expect("a file");
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    assert_eq!(CODED.map(count), [0; 3], "before");
    let connections = runtime.block_on(async {
        let builder = Connections::builder().directory(&folder);
        builder
            .secret_provider("secret", Provider)
            .load()
            .await
            .expect("it is right")
    });
    assert_eq!(
        CODED.map(count),
        [2, 1, 1],
        "in the settings, and nowhere else"
    );
    let settings = connections
        .get::<Safe>("safe")
        .expect("it is there")
        .settings();
    assert!(settings.built.expose().starts_with("a-"));
    drop(settings);
    runtime.block_on(connections.close());
    drop(connections);
    drop(runtime);
    assert_eq!(CODED.map(count), [0; 3], "afterwards");
    fs::remove_dir_all(&folder).expect("the folder goes");
}
