//! A small ext4 file system of its own, in a file: for what happens when the power goes, or the
//! room runs out. Needs root and loop devices.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

/// A mounted image. It is unmounted when it is dropped.
#[derive(Debug)]
pub struct Volume {
    image: PathBuf,
    /// Where its files are.
    pub root: PathBuf,
}

impl Volume {
    /// Makes an image of so many bytes in `dir` and mounts it.
    ///
    /// # Panics
    /// When a step fails: without root, or without loop devices.
    pub fn create(dir: &Path, name: &str, bytes: u64) -> Self {
        let image = dir.join(format!("{name}.img"));
        File::create(&image).and_then(|file| file.set_len(bytes)).expect("an image can be made");
        run("mkfs.ext4", &["-q", "-F", "-m", "0", text(&image)]);
        Self::mount(dir, name, image)
    }

    /// Mounts an image.
    fn mount(dir: &Path, name: &str, image: PathBuf) -> Self {
        let root = dir.join(format!("{name}.mounted"));
        fs::create_dir_all(&root).expect("a directory can be made");
        // Nothing but the program's own syncs brings bytes to the disk in the time of a test.
        run("mount", &["-o", "loop,commit=300", text(&image), text(&root)]);
        Self { image, root }
    }

    /// The disk as it would be after a power cut now, mounted elsewhere: what the file system has
    /// handed to the disk, and nothing of what it still had in memory.
    ///
    /// # Panics
    /// When a step fails.
    #[must_use]
    pub fn after_power_cut(&self, dir: &Path, name: &str) -> Self {
        let image = dir.join(format!("{name}.img"));
        run("cp", &["--sparse=always", text(&self.image), text(&image)]);
        Self::mount(dir, name, image)
    }
}

impl Drop for Volume {
    fn drop(&mut self) {
        // A lazy unmount goes through even when a process of a failed test still has a file open.
        _ = Command::new("umount").args(["-l", text(&self.root)]).status();
        _ = fs::remove_file(&self.image);
    }
}

fn text(path: &Path) -> &str {
    path.to_str().expect("paths of tests are text")
}

fn run(program: &str, args: &[&str]) {
    // Where Debian has them, whatever the PATH of a user says.
    let path = format!("{}:/usr/sbin:/sbin", std::env::var("PATH").unwrap_or_default());
    let output = Command::new(program).args(args).env("PATH", path).output();
    let output = output.unwrap_or_else(|error| panic!("{program}: {error}"));
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program} {args:?}: {complaint}");
}
