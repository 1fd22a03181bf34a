//! Darknet's `.cfg`: sections of `key=value` lines, one section for each layer, in order.

use std::collections::BTreeMap;

use crate::ConvertError;

/// A checked `.cfg`.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Network {
    pub(super) channels: usize,
    pub(super) layers: Vec<Layer>,
}

/// One layer, and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Layer {
    pub(super) line: usize,
    pub(super) kind: Kind,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Kind {
    Convolution(Convolution),
    MaxPool {
        size: usize,
        stride: usize,
        padding: usize,
    },
    /// Joins layers along the channels; with groups, one part of each.
    Route {
        from: Vec<usize>,
        groups: usize,
        group: usize,
    },
    Shortcut {
        from: usize,
        activation: Activation,
    },
    Upsample {
        stride: usize,
    },
    Yolo(Yolo),
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Convolution {
    pub(super) filters: usize,
    pub(super) size: usize,
    pub(super) stride: usize,
    pub(super) padding: usize,
    pub(super) groups: usize,
    pub(super) normalised: bool,
    pub(super) activation: Activation,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Activation {
    Linear,
    Leaky,
    Relu,
    Mish,
    Swish,
    Logistic,
}

/// A layer where boxes are read.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Yolo {
    pub(super) classes: usize,
    pub(super) anchors: Vec<[f32; 2]>,
    pub(super) scale_xy: f32,
}

impl Network {
    pub(super) fn parse(text: &str) -> Result<Self, ConvertError> {
        let mut sections = sections(text)?.into_iter();
        let net = sections.next().filter(|section| matches!(section.name.as_str(), "net" | "network"));
        let mut net = net.ok_or_else(|| wrong(1, "the first section must be [net]"))?;
        let channels = net.number("channels", Some(3))?;
        let mut layers = Vec::new();
        for section in sections {
            layers.push(layer(section, layers.len())?);
        }
        if !layers.iter().any(|layer| matches!(layer.kind, Kind::Yolo(_))) {
            return Err(wrong(net.line, "there is no [yolo] section, so nothing to read boxes from"));
        }
        Ok(Self { channels, layers })
    }
}

fn layer(mut section: Section, index: usize) -> Result<Layer, ConvertError> {
    let kind = match section.name.as_str() {
        "convolutional" | "conv" => Kind::Convolution(section.convolution()?),
        "maxpool" | "max" => {
            let stride = section.positive("stride", 1)?;
            let size = section.positive("size", stride)?;
            Kind::MaxPool { size, stride, padding: section.number("padding", Some(size - 1))? }
        }
        "route" => section.route(index)?,
        "shortcut" => {
            let from = section.integer("from", None)?;
            Kind::Shortcut { from: section.resolve(from, index)?, activation: section.activation()? }
        }
        "upsample" => Kind::Upsample { stride: section.positive("stride", 2)? },
        "yolo" => Kind::Yolo(section.yolo()?),
        other => return Err(ConvertError::Unsupported { line: section.line, what: format!("[{other}]") }),
    };
    Ok(Layer { line: section.line, kind })
}

/// The lines under one `[name]`.
struct Section {
    name: String,
    line: usize,
    entries: BTreeMap<String, (usize, String)>,
}

fn sections(text: &str) -> Result<Vec<Section>, ConvertError> {
    let mut sections: Vec<Section> = Vec::new();
    for (index, raw) in text.lines().enumerate() {
        let line = index + 1;
        let content = raw.trim();
        if content.is_empty() || content.starts_with(['#', ';']) {
            continue;
        }
        if let Some(name) = content.strip_prefix('[') {
            let name = name.strip_suffix(']').ok_or_else(|| wrong(line, "a section is written [name]"))?;
            sections.push(Section { name: name.trim().to_owned(), line, entries: BTreeMap::new() });
            continue;
        }
        let (key, value) = content.split_once('=').ok_or_else(|| wrong(line, "expected key=value"))?;
        let section = sections.last_mut().ok_or_else(|| wrong(line, "a value before the first section"))?;
        section.entries.insert(key.trim().to_owned(), (line, value.trim().to_owned()));
    }
    Ok(sections)
}

impl Section {
    fn parsed<T: std::str::FromStr>(&self, key: &str, expected: &str) -> Result<Option<T>, ConvertError> {
        let Some((line, value)) = self.entries.get(key) else { return Ok(None) };
        value.parse().map(Some).map_err(|_| wrong(*line, &format!("{key}: expected {expected}, found {value:?}")))
    }

    fn required<T>(&self, key: &str, value: Option<T>) -> Result<T, ConvertError> {
        value.ok_or_else(|| wrong(self.line, &format!("[{}] needs {key}", self.name)))
    }

    fn integer(&self, key: &str, default: Option<i64>) -> Result<i64, ConvertError> {
        self.required(key, self.parsed(key, "a whole number")?.or(default))
    }

    fn number(&mut self, key: &str, default: Option<usize>) -> Result<usize, ConvertError> {
        self.required(key, self.parsed(key, "a number of 0 or more")?.or(default))
    }

    fn positive(&mut self, key: &str, default: usize) -> Result<usize, ConvertError> {
        match self.number(key, Some(default))? {
            0 => Err(wrong(self.line, &format!("{key}: expected a number of 1 or more"))),
            number => Ok(number),
        }
    }

    fn list<T: std::str::FromStr>(&self, key: &str) -> Result<Vec<T>, ConvertError> {
        let Some((line, text)) = self.entries.get(key) else { return Ok(Vec::new()) };
        let parse = |item: &str| {
            let item = item.trim();
            item.parse().map_err(|_| wrong(*line, &format!("{key}: expected numbers, found {item:?}")))
        };
        text.split(',').filter(|item| !item.trim().is_empty()).map(parse).collect()
    }

    fn activation(&self) -> Result<Activation, ConvertError> {
        let (line, name) = self.entries.get("activation").map_or((self.line, "linear"), |(l, n)| (*l, n));
        match name {
            "linear" => Ok(Activation::Linear),
            "leaky" => Ok(Activation::Leaky),
            "relu" => Ok(Activation::Relu),
            "mish" => Ok(Activation::Mish),
            "swish" => Ok(Activation::Swish),
            "logistic" => Ok(Activation::Logistic),
            other => Err(ConvertError::Unsupported { line, what: format!("activation={other}") }),
        }
    }

    fn convolution(&mut self) -> Result<Convolution, ConvertError> {
        let size = self.positive("size", 1)?;
        let padding = match self.integer("pad", Some(0))? {
            0 => self.number("padding", Some(0))?,
            _ => size / 2,
        };
        Ok(Convolution {
            filters: self.positive("filters", 1)?,
            size,
            stride: self.positive("stride", 1)?,
            padding,
            groups: self.positive("groups", 1)?,
            normalised: self.integer("batch_normalize", Some(0))? != 0,
            activation: self.activation()?,
        })
    }

    fn route(&mut self, index: usize) -> Result<Kind, ConvertError> {
        let numbers: Vec<i64> = self.list("layers")?;
        let from = numbers.into_iter().map(|number| self.resolve(number, index)).collect::<Result<Vec<_>, _>>()?;
        if from.is_empty() {
            return Err(wrong(self.line, "[route] needs layers"));
        }
        let groups = self.positive("groups", 1)?;
        let group = self.number("group_id", Some(0))?;
        if group >= groups {
            return Err(wrong(self.line, &format!("group_id: expected less than groups, which is {groups}")));
        }
        Ok(Kind::Route { from, groups, group })
    }

    /// Returns the index of the layer that a number means: negative numbers count back from this layer.
    fn resolve(&self, number: i64, index: usize) -> Result<usize, ConvertError> {
        let absolute = if number < 0 { index as i64 + number } else { number };
        match usize::try_from(absolute) {
            Ok(layer) if layer < index => Ok(layer),
            _ => Err(wrong(self.line, &format!("layer {number} does not come before layer {index}"))),
        }
    }

    fn yolo(&mut self) -> Result<Yolo, ConvertError> {
        let numbers: Vec<f32> = self.list("anchors")?;
        let all: Vec<[f32; 2]> = numbers.as_chunks().0.to_vec();
        let mask: Vec<usize> = self.list("mask")?;
        let mask = if mask.is_empty() { (0..all.len()).collect() } else { mask };
        let anchors: Option<Vec<_>> = mask.into_iter().map(|i| all.get(i).copied()).collect();
        let anchors = anchors.filter(|anchors| !anchors.is_empty());
        Ok(Yolo {
            classes: self.positive("classes", 20)?,
            anchors: self.required("an anchor for each number of its mask", anchors)?,
            scale_xy: self.parsed("scale_x_y", "a number")?.unwrap_or(1.0),
        })
    }
}

fn wrong(line: usize, expectation: &str) -> ConvertError {
    ConvertError::Cfg { line, expectation: expectation.to_owned() }
}
