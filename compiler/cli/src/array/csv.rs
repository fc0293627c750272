//! A table of numbers as text: one row a step, one column a neuron.

use super::{Kind, Plain};

/// Reads the numbers. A first row without a single number in it is taken for the columns' names.
pub fn read(bytes: &[u8], kind: Kind) -> Result<Plain, String> {
    let mut reader = ::csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .trim(::csv::Trim::All)
        .from_reader(bytes);
    let mut data = Vec::new();
    let (mut rows, mut columns) = (0, None);
    for (i, record) in reader.records().enumerate() {
        let record = record.map_err(|why| why.to_string())?;
        if i == 0 && record.iter().all(|cell| cell.parse::<f32>().is_err()) {
            columns = Some(record.len());
            continue;
        }
        let expected = *columns.get_or_insert(record.len());
        if record.len() != expected {
            let given = record.len();
            return Err(format!("row {} must have {expected} columns, but has {given}", i + 1));
        }
        for (j, cell) in record.iter().enumerate() {
            let number = cell.parse::<f32>();
            data.push(
                number.map_err(|_| {
                    format!("row {}, column {}: `{cell}` is no number", i + 1, j + 1)
                })?,
            );
        }
        rows += 1;
    }
    let columns = columns.ok_or("it has no rows")?;
    let shape = match kind {
        Kind::Numbers if rows == 1 || columns == 1 => vec![data.len()],
        _ => vec![rows, columns],
    };
    Ok(Plain { shape, data })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sequence(text: &str) -> Result<Plain, String> {
        read(text.as_bytes(), Kind::Sequence)
    }

    #[test]
    fn rows_are_steps() {
        let array = Plain { shape: vec![2, 3], data: vec![1.0, 2.5, -3.0, 0.0, 1e-3, 4.0] };
        assert_eq!(sequence("1,2.5,-3\n0, 1e-3,4\n"), Ok(array.clone()));
        assert_eq!(sequence("a,b,c\r\n1,2.5,-3\r\n0,.001,4"), Ok(array));
    }

    #[test]
    fn a_row_or_a_column_can_be_numbers() {
        for text in ["1,2,3", "1\n2\n3\n"] {
            let array = read(text.as_bytes(), Kind::Numbers);
            assert_eq!(array, Ok(Plain { shape: vec![3], data: vec![1.0, 2.0, 3.0] }));
        }
    }

    #[test]
    fn what_is_wrong_is_said_with_its_place() {
        for (text, expected) in [
            ("", "it has no rows"),
            ("1,2\n3\n", "row 2 must have 2 columns, but has 1"),
            ("1,2\n3,x\n", "row 2, column 2: `x` is no number"),
            ("1,2\n3,\n", "row 2, column 2: `` is no number"),
        ] {
            assert_eq!(sequence(text), Err(expected.into()));
        }
        assert!(read(&[b'1', b',', 0xff, b'\n'], Kind::Sequence).is_err());
    }
}
